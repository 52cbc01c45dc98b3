//! What a fault happens to: two replicas of the real program, each with a line of its own to one database, and the mail
//! server that both send to.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::PgConnection;
use tokio::time::{Instant, sleep};

use crate::{
    line::Line,
    postgres::Postgres,
    support::{
        browser::Browser,
        process::{Program, Service, free_address},
        smtp::Sink,
    },
    vitals::Vitals,
};

/// The key of every replica.
pub const KEY: &str = "a key for faults and for nothing else 0123456789";
/// A password that the policy takes, and that no log line may have.
pub const PASSWORD: &str = "correct horse battery lantern";
/// Longer than anything takes, on a machine with much else to do.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// One replica at an address that it keeps over restarts.
pub struct Replica {
    pub address: SocketAddr,
    pub line: Line,
    pub pid: Arc<AtomicU32>,
    /// Whether it should answer at this moment.
    pub is_meant_to_run: AtomicBool,
    program: tokio::sync::Mutex<Program>,
    service: tokio::sync::Mutex<Option<Service>>,
}

impl Replica {
    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// Another setting from the next start on.
    pub async fn set(&self, name: &str, value: impl Into<String>) {
        self.program.lock().await.set(name, value);
    }

    /// Starts it, and waits until it is ready.
    pub async fn start(&self) {
        let service = self.program.lock().await.serve_at(self.address).await;
        self.pid.store(service.pid().expect("a process"), Ordering::Relaxed);
        *self.service.lock().await = Some(service);
        self.is_meant_to_run.store(true, Ordering::Relaxed);
    }

    async fn gone(&self) -> Service {
        self.is_meant_to_run.store(false, Ordering::Relaxed);
        self.pid.store(0, Ordering::Relaxed);
        self.service.lock().await.take().expect("a running replica")
    }

    /// SIGKILL.
    pub async fn kill(&self) {
        self.gone().await.kill().await;
    }

    /// SIGTERM, and how long it took to end well.
    pub async fn stop(&self) -> Duration {
        let service = self.gone().await;
        let log = service.log();
        let (status, took) = service.terminate().await;
        assert_eq!(status.code(), Some(0), "{log}");
        took
    }

    /// What a command of the program says about this replica's database, and whether it succeeded.
    pub async fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = self.program.lock().await.run(arguments).await;
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// All that it ever logged.
    pub async fn log(&self) -> String {
        let log = self.program.lock().await.folder.path().join("log");
        std::fs::read_to_string(log).unwrap_or_default()
    }

    /// The status at this path, or none without an answer in time.
    pub async fn status(&self, path: &str) -> Option<u16> {
        let mut browser = self.browser();
        let asked = tokio::time::timeout(Duration::from_secs(15), browser.try_send("GET", path, None)).await;
        asked.ok()?.ok().map(|answer| answer.status)
    }
}

pub struct House {
    pub postgres: Arc<Postgres>,
    pub database: String,
    pub replicas: [Replica; 2],
    pub sink: Sink,
    pub vitals: Vitals,
    /// What the watchers saw that may not be.
    pub seen: Mutex<Vec<String>>,
}

/// A program over the database at this address, as a replica is.
pub fn program(database: &str, sink: &Sink) -> Program {
    let mut program = Program::new(&[
        ("DATABASE_URL", database),
        ("VESTIBULE_PUBLIC_URL", "http://localhost:8080"),
        ("VESTIBULE_SECRET", KEY),
        ("VESTIBULE_HASH_WORKERS", "2"),
    ]);
    if let Some(other) = std::env::var_os("VESTIBULE_BIN") {
        program.path = std::path::absolute(other).expect("a path");
    }
    for (name, value) in sink.settings() {
        program.set(&name, value);
    }
    program
}

impl House {
    /// Two replicas that are ready, over an empty database.
    pub async fn open(postgres: &Arc<Postgres>, settings: &[(&str, &str)]) -> Arc<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let database = format!("house{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        postgres.create_database(&database).await;
        let sink = Sink::start().await;
        let replica = async || {
            let line = Line::before(postgres.port).await;
            let mut program =
                program(&format!("postgres://vestibule@{}/{database}?sslmode=disable", line.address), &sink);
            settings.iter().for_each(|(name, value)| program.set(name, *value));
            Replica {
                address: free_address(),
                line,
                pid: Arc::default(),
                is_meant_to_run: AtomicBool::new(false),
                program: tokio::sync::Mutex::new(program),
                service: tokio::sync::Mutex::new(None),
            }
        };
        let replicas = [replica().await, replica().await];
        for replica in &replicas {
            replica.start().await;
        }
        let vitals = Vitals::of(&replicas);
        let postgres = Arc::clone(postgres);
        Arc::new(Self { postgres, database, replicas, sink, vitals, seen: Mutex::default() })
    }

    /// A connection past the lines.
    pub async fn connect(&self) -> PgConnection {
        self.postgres.connect(&self.database).await
    }

    /// One number from the database.
    pub async fn count(&self, query: &str) -> i64 {
        let mut connection = self.connect().await;
        sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// Changes the database behind the service's back.
    pub async fn execute(&self, statement: &str) {
        let mut connection = self.connect().await;
        let done = sqlx::raw_sql(statement).execute(&mut connection).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    /// Something that may not be, to be told at the end.
    pub fn note(&self, what: impl Into<String>) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    /// Both lines.
    pub fn lines(&self) -> [&Line; 2] {
        [&self.replicas[0].line, &self.replicas[1].line]
    }
}

/// Tries something until it holds; false when it never does.
pub async fn holds_within(within: Duration, mut holds: impl AsyncFnMut() -> bool) -> bool {
    let started = Instant::now();
    while !holds().await {
        if started.elapsed() > within {
            return false;
        }
        sleep(Duration::from_millis(20)).await;
    }
    true
}
