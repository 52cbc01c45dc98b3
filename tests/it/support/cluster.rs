//! Creates a database for each test, in milliseconds.
//!
//! - Each run uses one server: a private cluster in memory, started by the first test that needs it; see
//!   [`super::private_server`]. Under cargo-nextest, where each test is a process, all of them share it. With
//!   `DATABASE_URL` set, tests use that server.
//! - Each state of the migrations has one template database, created once by running them. Every test gets a file copy.
//! - Copies on the private server are never dropped, because that costs more than creating them. The whole cluster is
//!   deleted when the run ends, however it ends. Copies on your own server are dropped with their [`TestDatabase`], and
//!   those left by a killed run a day later.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, postgres::PgConnectOptions};

use url::Url;

use super::private_server;

/// The advisory lock for creating and removing shared databases on the server.
const HOUSEKEEPING: i64 = 0x7665_7374_6962_756c;
const DATABASE_PREFIX: &str = "vestibule_test_";
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A database that no other test sees.
#[derive(Debug)]
pub struct TestDatabase {
    pub options: PgConnectOptions,
    pub url: String,
    pub name: String,
    /// Set on an external server: dropping this value drops the database.
    dropped_through: Option<PgConnectOptions>,
}

/// A database with every migration applied.
pub async fn fresh_database() -> TestDatabase {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    let server = server().await;
    let template = on_a_thread(|| TEMPLATE.get_or_init(|| blocking(make_template(server)))).await;
    create(server, template).await
}

/// A database without tables.
pub async fn empty_database() -> TestDatabase {
    create(server().await, "template0").await
}

/// A server on which databases can be created.
#[derive(Debug)]
struct Server {
    /// The URL of a maintenance database, with a role that may create databases.
    url: Url,
    maintenance: PgConnectOptions,
    /// Whether the server outlives the run, so that databases must be dropped.
    external: bool,
}

async fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    on_a_thread(|| {
        SERVER.get_or_init(|| match std::env::var("DATABASE_URL") {
            Ok(url) => {
                let server = Server::at(&url, true);
                blocking(drop_leftovers(&server));
                server
            }
            Err(_) => Server::at(&private_server::of_this_run(), false),
        })
    })
    .await
}

impl Server {
    fn at(url: &str, external: bool) -> Self {
        Self {
            url: url.parse().expect("the test server's URL"),
            maintenance: url.parse().expect("the test server's URL"),
            external,
        }
    }

    fn database(&self, name: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(name);
        url
    }
}

async fn drop_leftovers(server: &Server) {
    let mut connection = server.maintenance.connect().await.expect("the server of DATABASE_URL");
    lock_housekeeping(&mut connection).await;
    let names: Vec<String> = sqlx::query_scalar("select datname::text from pg_database where starts_with(datname, $1)")
        .bind(DATABASE_PREFIX)
        .fetch_all(&mut connection)
        .await
        .expect("the list of databases");
    let before = now() - LEFTOVER_AGE.as_secs();
    for name in names {
        let made = name[DATABASE_PREFIX.len()..].split('_').next();
        if made.and_then(|made| made.parse::<u64>().ok()).is_some_and(|made| made < before) {
            let statement = format!(r#"drop database if exists "{name}" with (force)"#);
            connection.execute(&*statement).await.expect("dropping a leftover database");
        }
    }
    connection.close().await.expect("closing a connection");
}

/// Creates the template of the current migrations if it is missing, and returns its name.
async fn make_template(server: &Server) -> String {
    let name = format!("vestibule_template_{:016x}", migrations_hash());
    let mut connection = server.maintenance.connect().await.expect("the test server");
    lock_housekeeping(&mut connection).await;
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut connection)
        .await
        .expect("the list of databases");
    if !exists {
        // Renamed when complete, so that a killed run leaves only a draft.
        let draft = format!("{name}_draft");
        for statement in [
            format!("drop database if exists {draft} with (force)"),
            format!("create database {draft} template template0"),
        ] {
            connection.execute(&*statement).await.expect("making a template");
        }
        let url = server.database(&draft);
        let mut inside = PgConnection::connect(url.as_str()).await.expect("the template");
        vestibule::MIGRATOR.run_direct(&mut inside).await.expect("the migrations");
        inside.close().await.expect("closing the template");
        let rename = format!("alter database {draft} rename to {name}");
        connection.execute(&*rename).await.expect("naming the template");
    }
    connection.close().await.expect("closing a connection");
    name
}

async fn create(server: &Server, template: &str) -> TestDatabase {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("{DATABASE_PREFIX}{}_{}_{}", now(), std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut connection = server.maintenance.connect().await.expect("the test server");
    let statement = format!("create database {name} template {template} strategy file_copy");
    connection.execute(&*statement).await.expect("a copy of the template");
    connection.close().await.expect("closing a connection");
    TestDatabase {
        url: server.database(&name).into(),
        options: server.maintenance.clone().database(&name),
        name,
        dropped_through: server.external.then(|| server.maintenance.clone()),
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(maintenance) = self.dropped_through.take() else {
            return;
        };
        let statement = format!("drop database if exists {} with (force)", self.name);
        let dropping = std::thread::spawn(move || {
            blocking(async {
                let mut connection = maintenance.connect().await?;
                connection.execute(&*statement).await?;
                connection.close().await
            })
        });
        // A test that passed must not fail because of cleanup; a run a day later drops the database.
        if !matches!(dropping.join(), Ok(Ok(()))) {
            eprintln!("the test database {} was left behind", self.name);
        }
    }
}

async fn lock_housekeeping(connection: &mut PgConnection) {
    // Released when the connection closes.
    sqlx::query("select pg_advisory_lock($1)")
        .bind(HOUSEKEEPING)
        .execute(connection)
        .await
        .expect("the housekeeping lock");
}

/// FNV-1a over the data that identifies each migration to sqlx.
fn migrations_hash() -> u64 {
    let bytes = vestibule::MIGRATOR.iter().flat_map(|migration| {
        let version = migration.version.to_be_bytes();
        version.into_iter().chain(migration.checksum.iter().copied())
    });
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs()
}

/// Runs work on a separate runtime, because the runtime of the first test ends with that test.
pub(super) fn blocking<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

async fn on_a_thread<T: Sync + 'static>(work: impl FnOnce() -> &'static T + Send + 'static) -> &'static T {
    tokio::task::spawn_blocking(work).await.expect("shared test things")
}
