//! The whole service on a free port over a database of its own: the parts that run in production,
//! with cheap password hashes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use vestibule::{
    app,
    config::{Config, Environment, Secrets},
    jobs,
    state::AppState,
    types::Entropy,
    web::server::{self, Caps},
};
use vestibule_argon2::Params;

use super::{
    browser::Browser,
    cluster::{TestDatabase, fresh_database},
};

/// A password that the policy takes.
pub const PASSWORD: &str = "correct horse battery";

/// Four connections each: a test run has many services on one server.
const SETTINGS: [(&str, &str); 3] = [
    ("VESTIBULE_DATABASE_CONNECTIONS", "4"),
    ("VESTIBULE_HASH_WORKERS", "2"),
    ("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789"),
];

/// A running service.
pub struct TestApp {
    pub address: SocketAddr,
    pub state: AppState,
    pub db: PgPool,
    pub options: PgConnectOptions,
    settings: Vec<(String, String)>,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
    linker: Option<JoinHandle<()>>,
    database: Option<Arc<TestDatabase>>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With settings of its own.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let database = Arc::new(fresh_database().await);
        let settings = SETTINGS.iter().chain(settings).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Self::over(database.options.clone(), settings, Some(database)).await
    }

    /// With settings of its own, over a database that is somebody else's care.
    pub async fn on(options: PgConnectOptions, settings: &[(&str, &str)]) -> Self {
        let settings = SETTINGS.iter().chain(settings).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Self::over(options, settings, None).await
    }

    /// Another replica of the same service on the same database.
    pub async fn replica(&self) -> Self {
        Self::over(self.options.clone(), self.settings.clone(), self.database.clone()).await
    }

    async fn over(
        options: PgConnectOptions,
        settings: Vec<(String, String)>,
        database: Option<Arc<TestDatabase>>,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let mut environment = settings.clone();
        environment.push(("VESTIBULE_LISTEN".into(), address.to_string()));
        let config = Config::read(Environment::of(environment)).expect("good settings");
        let caps = Caps { total: 2000, per_network: 2000 };
        Self::serve(listener, config, caps, options, settings, database)
    }

    fn serve(
        listener: TcpListener,
        mut config: Config,
        caps: Caps,
        options: PgConnectOptions,
        settings: Vec<(String, String)>,
        database: Option<Arc<TestDatabase>>,
    ) -> Self {
        if !settings.iter().any(|(name, _)| name == "VESTIBULE_ARGON2") {
            config.passwords.argon2 = Params::new(64, 1, 1).expect("cheap parameters");
        }
        let secrets = Secrets::given_or_kept(&config.secrets, &config.data_dir, Entropy).expect("secrets");
        let address = listener.local_addr().expect("the port");
        let state = app::state(config, &secrets, &options).expect("a service");
        let (stop, stopped) = watch::channel(false);
        let proxies = state.config.network.trusted_proxies.clone();
        let metrics = Arc::clone(&state.metrics);
        let server = tokio::spawn(server::serve(listener, app::build(&state), caps, proxies, metrics, stopped.clone()));
        let linker = tokio::spawn(jobs::chain::run(state.clone(), stopped));
        let db = state.db.clone();
        Self { address, state, db, options, settings, stop, server: Some(server), linker: Some(linker), database }
    }

    /// Where its database is.
    pub fn url(&self) -> &str {
        &self.database.as_ref().expect("a database of its own").url
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// Stops in order, as SIGTERM does.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(server) = self.server.take() {
            server.await.expect("the server's end");
        }
        if let Some(linker) = self.linker.take() {
            linker.await.expect("the linker's end");
        }
    }

    /// Makes an account through the sign-up page.
    pub async fn sign_up(&self, username: &str) {
        let email = format!("{username}@example.com");
        let fields = [("username", username), ("email", email.as_str()), ("password", PASSWORD)];
        let answer = self.browser().submit("/register", &fields).await;
        assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    }

    /// A browser in which that person is signed in.
    pub async fn signed_in(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        let answer = sign_in(&mut browser, username, PASSWORD).await;
        assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
        browser
    }

    /// Makes an account and signs in to it.
    pub async fn person(&self, username: &str) -> Browser {
        self.sign_up(username).await;
        self.signed_in(username).await
    }

    /// One number from the database.
    pub async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.db).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// Changes the database behind the service's back.
    pub async fn execute(&self, statement: &str) {
        sqlx::raw_sql(statement).execute(&self.db).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// Fills the sign-in form.
pub async fn sign_in(browser: &mut Browser, identifier: &str, password: &str) -> super::http::Answer {
    browser.submit("/login", &[("identifier", identifier), ("password", password)]).await
}

/// Whether a browser is signed in at this moment.
pub async fn is_signed_in(browser: &mut Browser) -> bool {
    match browser.get("/api/v1/session").await.status {
        200 => true,
        401 => false,
        other => panic!("neither signed in nor out: {other}"),
    }
}
