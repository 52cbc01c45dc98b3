//! Runs the whole service in-process, on a free port with its own database. Same parts as in production, but with cheap
//! password hashes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use super::{
    browser::Browser,
    cluster::{TestDatabase, fresh_database},
    settle,
};
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use vestibule::{
    accounts::Role,
    app,
    audit::Recorder,
    config::{Config, Environment, Secrets},
    features::admin::{self, Creation},
    http::server::{self, Caps},
    jobs::{
        self,
        outbox::{self, Patience},
    },
    mail::Timeouts,
    passwords::hash::{self, Kernel},
    state::AppState,
    types::{Email, UserId, Username},
};
use vestibule_argon2::Params;

/// A password that the policy accepts.
pub const PASSWORD: &str = "correct horse battery";

/// Four connections each, because a test run has many services on one server.
const SETTINGS: [(&str, &str); 3] = [
    ("VESTIBULE_DATABASE_CONNECTIONS", "4"),
    ("VESTIBULE_HASH_WORKERS", "2"),
    ("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789"),
];

/// A mail server that does not listen, for services on https, which require one.
pub const NO_MAIL: [(&str, &str); 2] =
    [("VESTIBULE_MAIL_URL", "smtp://127.0.0.1:1"), ("VESTIBULE_MAIL_FROM", "Vestibule <no-reply@example.com>")];

/// The timing of production, except that requested emails are sent without the random delay.
fn prompt() -> Patience {
    Patience { earlier: AT_ONCE, ..Patience::default() }
}

/// Longer than any random delay.
pub const AT_ONCE: Duration = Duration::from_secs(10);

/// Short timings for the mail job.
pub const HASTY: Patience = Patience {
    look: Duration::from_millis(25),
    earlier: AT_ONCE,
    lease: Duration::from_secs(120),
    first_retry: Duration::from_millis(40),
    longest_retry: Duration::from_millis(200),
    first_pause: Duration::from_millis(40),
    longest_pause: Duration::from_millis(200),
    finish: Duration::from_millis(500),
    server: Timeouts {
        connect: Duration::from_millis(400),
        answer: Duration::from_millis(400),
        whole: Duration::from_millis(1500),
    },
};

/// A running service.
pub struct TestApp {
    pub address: SocketAddr,
    pub state: AppState,
    pub db: PgPool,
    pub options: PgConnectOptions,
    settings: Vec<(String, String)>,
    patience: Patience,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
    postman: Option<JoinHandle<()>>,
    linker: Option<JoinHandle<()>>,
    database: Option<Arc<TestDatabase>>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts a service with these settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::patient(settings, prompt()).await
    }

    /// Starts a service with these settings and this mail timing.
    pub async fn patient(settings: &[(&str, &str)], patience: Patience) -> Self {
        let database = Arc::new(fresh_database().await);
        Self::over(database.options.clone(), all(settings), patience, Some(database)).await
    }

    /// Starts a service with these settings on a database that the caller owns.
    pub async fn on(options: PgConnectOptions, settings: &[(&str, &str)]) -> Self {
        Self::over(options, all(settings), prompt(), None).await
    }

    /// Starts a service with other settings on the same database, which both keep alive.
    pub async fn reconfigured(&self, settings: &[(&str, &str)]) -> Self {
        Self::over(self.options.clone(), all(settings), prompt(), self.database.clone()).await
    }

    /// Starts another replica of this service on the same database.
    pub async fn replica(&self) -> Self {
        let mut settings = self.settings.clone();
        // Whichever replica sends an email, its link leads to this one.
        settings.push(("VESTIBULE_PUBLIC_URL".into(), self.state.config.site.public_url.origin()));
        Self::over(self.options.clone(), settings, self.patience, self.database.clone()).await
    }

    async fn over(
        options: PgConnectOptions,
        settings: Vec<(String, String)>,
        patience: Patience,
        database: Option<Arc<TestDatabase>>,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let mut environment = settings.clone();
        environment.push(("VESTIBULE_LISTEN".into(), address.to_string()));
        let mut config = Config::read(Environment::of(environment)).expect("good settings");
        if !settings.iter().any(|(name, _)| name == "VESTIBULE_ARGON2") {
            config.passwords.argon2 = Params::new(64, 1, 1).expect("cheap parameters");
        }
        let secrets = Secrets::given_or_kept(&config.secrets, &config.data_dir).expect("secrets");
        let state = app::state(config, &secrets, &options).expect("a service");
        let (stop, stopped) = watch::channel(false);
        let proxies = state.config.network.trusted_proxies.clone();
        let (caps, metrics) = (Caps { total: 2000, per_network: 2000 }, Arc::clone(&state.metrics));
        let server = tokio::spawn(server::serve(listener, app::build(&state), caps, proxies, metrics, stopped.clone()));
        let postman = tokio::spawn(outbox::run(state.clone(), app::SLICES, patience, stopped.clone()));
        let linker = tokio::spawn(jobs::chain::run(state.clone(), stopped));
        let (server, postman, linker) = (Some(server), Some(postman), Some(linker));
        let db = state.db.clone();
        settle::with(address, &state);
        Self { address, state, db, options, settings, patience, stop, server, postman, linker, database }
    }

    /// The URL of its database.
    pub fn url(&self) -> &str {
        &self.database.as_ref().expect("a database of its own").url
    }

    /// A new browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// Shuts down gracefully, as on SIGTERM.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(server) = self.server.take() {
            server.await.expect("the server's end");
        }
        if let Some(postman) = self.postman.take() {
            postman.await.expect("the postman's end");
        }
        if let Some(linker) = self.linker.take() {
            linker.await.expect("the linker's end");
        }
    }

    /// Creates an account as an operator does, with a verified address and without an email.
    pub async fn sign_up(&self, username: &str) {
        let creation = Creation {
            username: Username::parse(username).expect("a username"),
            email: Email::parse(&format!("{username}@example.com")).expect("an address"),
            display_name: None,
            password_hash: self.hash(PASSWORD),
            role: Role::Member,
        };
        let made = admin::create(&self.operator(), &creation).await;
        made.unwrap_or_else(|error| panic!("{username}: {error}"));
    }

    /// The recorder that commands use.
    pub fn operator(&self) -> Recorder {
        Recorder::for_cli(self.db.clone())
    }

    pub fn hash(&self, password: &str) -> String {
        let mut kernel = Kernel::new(hash::choose_path().expect("a kernel"));
        hash::hash(&mut kernel, &self.state.config.passwords.argon2, password.as_bytes()).expect("a hash")
    }

    /// Runs one round of sweeps.
    pub async fn sweep(&self) -> jobs::Swept {
        jobs::sweep(&self.state, &jobs::sweeps(app::SLICES)).await.expect("a sweep")
    }

    /// Creates an account through the sign-up page and leaves its address unverified.
    pub async fn claim(&self, username: &str) -> Browser {
        let email = format!("{username}@example.com");
        let fields = [("username", username), ("email", email.as_str()), ("password", PASSWORD)];
        let mut browser = self.browser();
        let answer = browser.submit("/register", &fields).await;
        assert_eq!((answer.status, answer.location()), (303, "/verify"), "{answer:?}");
        browser
    }

    /// Verifies an address directly in the database, for tests about something else.
    pub async fn verify(&self, username: &str) {
        let what = "update users set email_verified_at = now(), verify_by = null, sign_up_browser = null";
        self.execute(&format!("{what} where username = '{username}'")).await;
    }

    /// A browser in which this user is signed in.
    pub async fn signed_in(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        let answer = sign_in(&mut browser, username, PASSWORD).await;
        assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
        browser
    }

    /// The id of an account.
    pub async fn id(&self, username: &str) -> UserId {
        admin::find(&self.operator(), username).await.expect("an account").id
    }

    /// Creates an account and signs in to it.
    pub async fn person(&self, username: &str) -> Browser {
        self.sign_up(username).await;
        self.signed_in(username).await
    }

    /// Returns a query's number.
    pub async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.db).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// Changes the database directly, without the service.
    pub async fn execute(&self, statement: &str) {
        sqlx::raw_sql(statement).execute(&self.db).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// All settings of a service: the common ones, the given ones, and a mail server if one is required.
fn all(given: &[(&str, &str)]) -> Vec<(String, String)> {
    let has = |wanted: &str| given.iter().any(|(name, _)| *name == wanted);
    let https = given.iter().any(|(name, value)| *name == "VESTIBULE_PUBLIC_URL" && value.starts_with("https://"));
    let mail = if https && !has("VESTIBULE_MAIL_URL") { &NO_MAIL[..] } else { &[] };
    SETTINGS.iter().chain(mail).chain(given).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

/// Submits the sign-in form.
pub async fn sign_in(browser: &mut Browser, identifier: &str, password: &str) -> super::http::Answer {
    browser.submit("/login", &[("identifier", identifier), ("password", password)]).await
}

/// Returns whether a browser is signed in now.
pub async fn is_signed_in(browser: &mut Browser) -> bool {
    match browser.get("/api/v1/session").await.status {
        200 => true,
        401 => false,
        other => panic!("neither signed in nor out: {other}"),
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        settle::forget(self.address);
    }
}
