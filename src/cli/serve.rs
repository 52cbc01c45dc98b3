//! `vestibule serve`: startup and graceful shutdown.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use axum::{Router, http::header, routing::get};
use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::{sleep, timeout},
};

use super::{CliError, app as apps, database};
use crate::{
    app,
    config::{Config, MailServer, Secrets},
    crypto::sealing::SealedWith,
    db::{self, Servers},
    features::{
        setup::{self, Begun},
        totp,
    },
    http::server::{self, Caps},
    state::AppState,
    telemetry,
    types::instant,
    web::paths,
};

/// How long startup waits for a database that is not ready yet.
const DATABASE_WITHIN: Duration = Duration::from_secs(60);

/// Serves until SIGTERM or SIGINT.
pub async fn run(config: Config) -> Result<(), CliError> {
    for name in &config.unknown {
        tracing::warn!("{name} is not a setting and is ignored; `vestibule doctor` lists the settings");
    }
    if config.site.public_url.is_https() && config.network.trusted_proxies.is_empty() {
        tracing::warn!("VESTIBULE_TRUSTED_PROXIES is not set: behind a proxy, all visitors share the proxy's limits");
    }
    if config.mail.server.as_ref().is_some_and(MailServer::is_in_clear) {
        tracing::warn!("email is sent without TLS (tls=none): anyone who reads the network can open links in it");
    }
    // Before the database, so that a port in use is reported at once.
    let listener = listen("VESTIBULE_LISTEN", config.network.listen).await?;
    let metrics_listener = match config.network.metrics_listen {
        Some(address) => Some(listen("VESTIBULE_METRICS_LISTEN", address).await?),
        None => None,
    };
    let mut stop = pin!(stop_signal()?);
    let mut database = database::own(&config).await?;
    let served = tokio::select! {
        prepared = prepare(config, &database) => match prepared {
            Ok(state) => serve(&state, listener, metrics_listener, &mut database, stop).await,
            Err(error) => Err(error),
        },
        () = &mut stop => Ok(()),
    };
    database.close().await;
    tracing::info!("stopped");
    served
}

/// Lowers our priority below PostgreSQL's where Linux divides the CPU among sessions.
///
/// With `kernel.sched_autogroup_enabled`, every session gets an equal share, whatever its threads' niceness, and every
/// PostgreSQL backend is a session. Two threads that hash passwords then delay a backend, and every visitor waiting for
/// it, by 30 to 130 ms. So a service that leads its session, as under a service manager, lowers the session's priority.
/// In a terminal, the session belongs to the user's shell and is left alone. Under cgroups with CPU shares, the file
/// has no effect.
pub fn yield_to_the_database() {
    // Other kernels have neither file.
    if std::fs::read_to_string("/proc/self/stat").is_ok_and(|stat| leads_its_session(&stat)) {
        std::fs::write("/proc/self/autogroup", "5").ok();
    }
}

/// Returns whether a process leads its session, according to its line in proc(5). getsid(2) returns 0 in a PID
/// namespace that was entered without setsid(2), and rustix's process type cannot represent that.
fn leads_its_session(stat: &str) -> bool {
    // The name of the program is in brackets and may contain anything.
    let (Some((pid, _)), Some((_, after))) = (stat.split_once(' '), stat.rsplit_once(") ")) else { return false };
    after.split(' ').nth(3) == Some(pid)
}

async fn listen(name: &str, address: SocketAddr) -> Result<TcpListener, CliError> {
    let failed = |error| format!("cannot listen on {address}: {error}; set {name} to another address or port");
    Ok(TcpListener::bind(address).await.map_err(failed)?)
}

async fn prepare(config: Config, database: &database::Database) -> Result<AppState, CliError> {
    let secrets = Secrets::given_or_kept(&config.secrets, &config.data_dir)?;
    let options = migrate(&config, database).await?;
    let state = app::state(config, &secrets, &options)?;
    let seeds = totp::seeds(&mut *state.db.acquire().await?, &state.keys.sealing).await?;
    match seeds {
        // Authenticator apps would not work, and new seeds would be sealed with the wrong key.
        SealedWith::Shut(keys) => Err(unreadable_seeds(&keys).into()),
        SealedWith::Newest | SealedWith::Older => {
            apps::at_start(&state.system(), &state.config).await?;
            Ok(state)
        }
    }
}

/// What to do about seeds that none of the keys decrypts.
pub fn unreadable_seeds(keys: &[String]) -> String {
    format!(
        "the database holds authenticator apps whose seeds were sealed with another key (its id: {}): \
         add that key to VESTIBULE_SECRET behind the newest, separated by a comma, or restore the file \"secret\" of the \
         data folder from a backup",
        keys.join(", ")
    )
}

/// Migrates, and waits for a database that does not answer yet. Returns the server it used.
async fn migrate(config: &Config, database: &database::Database) -> Result<PgConnectOptions, CliError> {
    let configured = Servers::configured(&config.database);
    let servers = configured.unwrap_or_else(|| Servers::new(database.options.clone(), Vec::new()));
    let begun = instant();
    loop {
        let options = servers.best().await;
        match db::migrate(&options).await {
            Err(db::MigrateError::Database(error))
                if begun.elapsed() < DATABASE_WITHIN && db::trouble(&error) == db::Trouble::Unavailable =>
            {
                tracing::warn!(error = db::in_words(&error), "waiting for the database");
                sleep(Duration::from_secs(1)).await;
            }
            done => return Ok(done.map(|()| options)?),
        }
    }
}

async fn serve(
    state: &AppState,
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
    database: &mut database::Database,
    stop_signal: impl Future<Output = ()>,
) -> Result<(), CliError> {
    let (stop, stopped) = watch::channel(false);
    let (caps, metrics) = (Caps::of_this_system(), Arc::clone(&state.metrics));
    let proxies = state.config.network.trusted_proxies.clone();
    let serving = server::serve(listener, app::build(state), caps, proxies, metrics, stopped.clone());
    let server = telemetry::spawn("http", serving);
    let mut jobs = app::jobs(state, &stopped);
    if let Some(listener) = metrics_listener {
        let serving = server::serve(listener, metrics_page(state), caps, Vec::new(), Arc::default(), stopped);
        telemetry::spawn("metrics", serving);
    }
    log_start(state).await;
    let ended = tokio::select! {
        () = stop_signal => Ok(()),
        error = database.died() => Err(error),
    };
    tracing::info!("stopping: finishing requests in flight");
    stop.send_replace(true);
    // In this order: stop accepting requests, finish those in flight, close the database connections.
    server.await?;
    while jobs.join_next().await.is_some() {}
    app::close(state).await;
    ended
}

/// Logs where the service is, where its email goes, and how to create the first administrator.
async fn log_start(state: &AppState) {
    let origin = state.config.site.public_url.origin();
    tracing::info!("{} is at {origin}", state.config.site.name);
    if !state.config.site.has_passkeys() {
        tracing::info!("passkeys are unavailable: they need a VESTIBULE_PUBLIC_URL with a name, not an IP address");
    }
    if state.mailer.keeps_email_here() {
        tracing::info!("no mail server is set: email is at {origin}{}", paths::DEV_MAIL);
    } else {
        tracing::info!("email is sent through {}", state.mailer.destination());
    }
    match setup::begin(state).await {
        // The one secret in the log: only its operator reads the log of a service without accounts.
        Ok(Begun::Issued(secret)) => tracing::info!(
            "no accounts yet; create the first administrator within one hour: {origin}{}?token={}",
            paths::SETUP,
            secret.reveal()
        ),
        Ok(Begun::NoAdministrator) => {
            tracing::info!("no administrator; `vestibule user setup-link` prints a link that creates one");
        }
        Ok(Begun::Administered) => {}
        Err(error) => tracing::warn!(?error, "cannot check whether there is an administrator"),
    }
}

/// Resolves on SIGTERM or SIGINT. Both are caught from this call on, because process 1 of a container ignores signals
/// that it does not catch.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn metrics_page(state: &AppState) -> Router {
    let metrics = Arc::clone(&state.metrics);
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Router::new()
        .route("/metrics", get(move || async move { ([(header::CONTENT_TYPE, content_type)], metrics.encode()) }))
}

/// `vestibule healthcheck`: exits with 0 if `/readyz` of the service on this machine returns 200, so that a container
/// needs neither a shell nor curl.
pub async fn healthcheck(config: &Config) -> ExitCode {
    let ready = timeout(Duration::from_secs(3), is_ready(config.network.listen)).await;
    if let Ok(Ok(true)) = ready { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The address at which this machine reaches its own listener.
fn local(listen: SocketAddr) -> SocketAddr {
    let here: IpAddr = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(here, listen.port())
}

async fn is_ready(listen: SocketAddr) -> std::io::Result<bool> {
    let mut stream = ask(listen, "localhost", paths::READYZ).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    Ok(&status == b"HTTP/1.1 200")
}

/// Asks the service on this machine, and returns the connection on which it answers.
pub async fn ask(listen: SocketAddr, host: &str, path: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(local(listen)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::leads_its_session;

    #[test]
    fn a_service_leads_its_session_under_a_manager_and_not_in_a_shell_or_another_namespace() {
        assert!(leads_its_session("7 (vestibule) S 1 7 7 0 -1 4194560 0"));
        assert!(!leads_its_session("7 (vestibule) S 1 7 3 0 -1 4194560 0"));
        assert!(!leads_its_session("1 (vestibule) S 0 0 0 0 -1 4194560 0"), "its leader is outside of the namespace");
        assert!(leads_its_session("7 (a) S 1 1 1) R 1 7 7 0 -1"), "a name may look like a line");
        assert!(!leads_its_session(""));
    }
}
