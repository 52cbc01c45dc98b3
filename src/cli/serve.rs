//! `vestibule serve`: from settings to answering requests, and back down in order.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use axum::{Router, http::header, routing::get};
use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

use super::{
    CliError,
    database::{self, Database},
};
use crate::{
    app,
    config::{Config, Secrets},
    db::{self, Servers},
    features::{
        setup::{self, Begun},
        totp::{self, Seeds},
    },
    http::server::{self, Caps},
    jobs,
    state::AppState,
    types::Entropy,
    web::paths,
};

/// How long a start waits for a database that is just starting too.
const DATABASE_WITHIN: Duration = Duration::from_secs(60);

/// Serves until SIGTERM or SIGINT.
pub async fn run(config: Config) -> Result<(), CliError> {
    for name in &config.unknown {
        tracing::warn!("{name} is not a setting and does nothing; `vestibule doctor` lists them all");
    }
    if config.site.public_url.is_https() && config.network.trusted_proxies.is_empty() {
        tracing::warn!("VESTIBULE_TRUSTED_PROXIES is not set: behind a proxy every visitor shares the proxy's limits");
    }
    yield_to_the_database();
    // Before the database, so that a port in use is said at once.
    let listener = listen("VESTIBULE_LISTEN", config.network.listen).await?;
    let metrics_listener = match config.network.metrics_listen {
        Some(address) => Some(listen("VESTIBULE_METRICS_LISTEN", address).await?),
        None => None,
    };
    let mut stop = StopSignal::listen()?;
    let mut database = database::own(&config).await?;
    let prepared = tokio::select! {
        prepared = prepare(config, &database) => prepared.map(Some),
        () = stop.received() => Ok(None),
    };
    let served = match prepared {
        Ok(Some(state)) => serve(&state, listener, metrics_listener, &mut database, &mut stop).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    database.close().await;
    tracing::info!("stopped");
    served
}

/// Lets PostgreSQL go before us where Linux shares the cores out among sessions.
///
/// With `kernel.sched_autogroup_enabled` every session gets an equal share, whatever its threads'
/// niceness, and every backend of PostgreSQL is a session of its own. Two threads that hash passwords
/// then keep a backend waiting for 30 to 130 ms, and with it everybody whose page it was to find. So a
/// service that leads its session, as one does under a service manager, lowers that session; in a
/// terminal the session is somebody's shell, and is left alone. Under cgroups with shares of their own
/// the file says nothing, and `cpu_shares` does.
fn yield_to_the_database() {
    // Neither file is there on other kernels.
    if std::fs::read_to_string("/proc/self/stat").is_ok_and(|stat| leads_its_session(&stat)) {
        std::fs::write("/proc/self/autogroup", "5").ok();
    }
}

/// Whether a process leads its session, by its line of proc(5). getsid(2) says the same, but in a PID
/// namespace that was entered without setsid(2) its answer is 0, which no type of a process takes.
fn leads_its_session(stat: &str) -> bool {
    // The name of the program stands in brackets and may hold anything.
    let (Some((pid, _)), Some((_, after))) = (stat.split_once(' '), stat.rsplit_once(") ")) else { return false };
    after.split(' ').nth(3) == Some(pid)
}

async fn listen(name: &str, address: SocketAddr) -> Result<TcpListener, CliError> {
    let listening = TcpListener::bind(address).await;
    listening
        .map_err(|error| format!("cannot listen on {address}: {error}; set {name} to another address or port").into())
}

async fn prepare(config: Config, database: &Database) -> Result<AppState, CliError> {
    let secrets = Secrets::given_or_kept(&config.secrets, &config.data_dir, Entropy)?;
    let options = migrate_when_there(&config, database).await?;
    let state = app::state(config, &secrets, &options)?;
    let mut connection = state.db.acquire().await?;
    if let Seeds::Shut(keys) = totp::seeds(&mut connection, &state.keys.sealing).await? {
        // Nobody could sign in with an authenticator app, and new seeds would be sealed with the wrong key.
        return Err(shut_seeds(&keys).into());
    }
    drop(connection);
    Ok(state)
}

/// What to do about seeds that open with none of the keys.
pub fn shut_seeds(keys: &[String]) -> String {
    format!(
        "the database holds authenticator apps whose seeds were sealed with another key (its id: {}): \
         add that key to VESTIBULE_SECRET behind the newest, separated by a comma, or restore the file \"secret\" of the \
         data folder from a backup",
        keys.join(", ")
    )
}

/// Migrates, waiting for a database that does not answer yet; on which server.
async fn migrate_when_there(config: &Config, database: &Database) -> Result<PgConnectOptions, CliError> {
    let servers = database::given(config).unwrap_or_else(|| Servers::new(database.options.clone(), Vec::new()));
    let deadline = tokio::time::Instant::now() + DATABASE_WITHIN;
    loop {
        let options = servers.best().await;
        match db::migrate(&options).await {
            Err(db::MigrateError::Database(error))
                if tokio::time::Instant::now() < deadline && db::trouble(&error) == db::Trouble::Unavailable =>
            {
                tracing::warn!(%error, "the database does not answer yet");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            done => return Ok(done.map(|()| options)?),
        }
    }
}

async fn serve(
    state: &AppState,
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
    database: &mut Database,
    stop_signal: &mut StopSignal,
) -> Result<(), CliError> {
    let (stop, stopped) = watch::channel(false);
    let (caps, metrics) = (Caps::of_this_system(), Arc::clone(&state.metrics));
    let proxies = state.config.network.trusted_proxies.clone();
    let front = tokio::spawn(server::serve(listener, app::build(state), caps, proxies, metrics, stopped.clone()));
    let sweeper = tokio::spawn(jobs::run(state.clone(), stopped.clone()));
    let postman = tokio::spawn(jobs::outbox::run(state.clone(), jobs::outbox::Patience::default(), stopped.clone()));
    let linker = tokio::spawn(jobs::chain::run(state.clone(), stopped.clone()));
    let following = follow_the_primary(state);
    if let Some(listener) = metrics_listener {
        tokio::spawn(server::serve(listener, metrics_page(state), caps, Vec::new(), Arc::default(), stopped));
    }
    tracing::info!("{} is at {}", state.config.site.name, state.config.site.public_url.origin());
    if state.passkeys.is_none() {
        tracing::info!("passkeys are not offered: they need a VESTIBULE_PUBLIC_URL with a name, not an IP address");
    }
    tell_where_mail_goes(state);
    tell_how_to_begin(state).await;
    let ended = tokio::select! {
        () = stop_signal.received() => Ok(()),
        error = database.died() => Err(error),
    };
    tracing::info!("stopping: finishing the requests in flight");
    stop.send_replace(true);
    // In order: no new requests, then none in flight, then no connection to the database.
    front.await?;
    sweeper.await?;
    postman.await?;
    linker.await?;
    following.abort();
    state.requests.close();
    tokio::time::timeout(Duration::from_secs(1), state.requests.wait()).await.ok();
    tokio::time::timeout(Duration::from_secs(1), state.lookup.note_uses()).await.ok();
    tokio::time::timeout(Duration::from_secs(1), state.db.close()).await.ok();
    ended
}

/// Of several servers of the database the pool stays with the one that takes writes.
fn follow_the_primary(state: &AppState) -> tokio::task::JoinHandle<()> {
    let state = state.clone();
    tokio::spawn(async move {
        if let Some(servers) = database::given(&state.config).filter(Servers::are_several) {
            servers.follow(&state.db, &state.given_up).await;
        }
    })
}

fn tell_where_mail_goes(state: &AppState) {
    if state.mailer.keeps_letters_here() {
        let origin = state.config.site.public_url.origin();
        tracing::info!("mail is at {origin}{}, because no mail server is set", paths::DEV_MAIL);
    } else {
        tracing::info!("mail goes to {}", state.mailer.destination());
    }
}

/// Prints the link that makes the first administrator: the one secret that the log ever has, because who
/// reads the log of a service that nobody uses yet runs it.
async fn tell_how_to_begin(state: &AppState) {
    let origin = state.config.site.public_url.origin();
    match setup::begin(state).await {
        Ok(Begun::Issued(secret)) => tracing::info!(
            "nobody has an account yet. Make the first administrator within an hour: {origin}{}?token={}",
            paths::SETUP,
            secret.reveal()
        ),
        Ok(Begun::NoAdministrator) => {
            tracing::info!("there is no administrator; `vestibule user setup-link` prints a link that makes one");
        }
        Ok(Begun::Administered) => {}
        Err(error) => tracing::warn!(?error, "could not tell whether there is an administrator"),
    }
}

/// SIGTERM and SIGINT, caught from the moment it is made: a process with the number 1 in its container
/// ignores what it does not catch.
struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn metrics_page(state: &AppState) -> Router {
    let metrics = Arc::clone(&state.metrics);
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Router::new()
        .route("/metrics", get(move || async move { ([(header::CONTENT_TYPE, content_type)], metrics.encode()) }))
}

/// `vestibule healthcheck`: exit code 0 when `/readyz` of the service on this machine says so. A
/// container needs no shell and no curl for it.
pub async fn healthcheck(config: &Config) -> ExitCode {
    match tokio::time::timeout(Duration::from_secs(3), ask_ready(config.network.listen)).await {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

async fn ask_ready(listen: SocketAddr) -> std::io::Result<bool> {
    let here: IpAddr = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    let mut stream = TcpStream::connect((here, listen.port())).await?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    Ok(&status == b"HTTP/1.1 200")
}

#[cfg(test)]
mod tests {
    use super::leads_its_session;

    #[test]
    fn a_service_leads_its_session_under_a_manager_and_not_in_a_shell_or_a_strangers_namespace() {
        assert!(leads_its_session("7 (vestibule) S 1 7 7 0 -1 4194560 0"));
        assert!(!leads_its_session("7 (vestibule) S 1 7 3 0 -1 4194560 0"));
        assert!(!leads_its_session("1 (vestibule) S 0 0 0 0 -1 4194560 0"), "its leader is outside of the namespace");
        assert!(leads_its_session("7 (a) S 1 1 1) R 1 7 7 0 -1"), "a name may look like a line");
        assert!(!leads_its_session(""));
    }
}
