//! A database for every test, in milliseconds.
//!
//! - One server per run: a private cluster in memory, started by the first test that asks; see [`super::private_server`].
//!   Under cargo-nextest, where each test is a process, all of them share it. With `DATABASE_URL` set, that server.
//! - One template per state of the migrations, made once by running them; every test gets a copy of its files.
//! - Copies on the private server are never dropped (that costs more than making them): the whole cluster goes when
//!   the run is over, however it ends. Copies on a server of yours are dropped with their [`TestDatabase`], and what a
//!   killed run left there is dropped a day later.

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

/// Whoever makes or removes shared things on the server holds this advisory lock.
const HOUSEKEEPING: i64 = 0x7665_7374_6962_756c;
const DATABASE_PREFIX: &str = "vestibule_test_";
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A database that no other test sees.
#[derive(Debug)]
pub struct TestDatabase {
    pub options: PgConnectOptions,
    pub url: String,
    pub name: String,
    /// Set on a server that is not ours: the database goes with this value.
    dropped_through: Option<PgConnectOptions>,
}

/// With every migration applied.
pub async fn fresh_database() -> TestDatabase {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    let server = server().await;
    let template = on_a_thread(|| TEMPLATE.get_or_init(|| blocking(make_template(server)))).await;
    create(server, template).await
}

/// Without any table.
pub async fn empty_database() -> TestDatabase {
    create(server().await, "template0").await
}

/// A server on which databases can be made.
#[derive(Debug)]
struct Server {
    /// In a maintenance database, as a role that may create databases.
    url: Url,
    maintenance: PgConnectOptions,
    /// Not ours: clean up after ourselves.
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

/// Makes the template of today's migrations unless it is there, and returns its name.
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
        // Under its final name it is whole: a run that is killed half-way leaves a draft.
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
        // What is left is dropped by a run of tomorrow; a test that passed must not fail over it.
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

/// FNV-1a over what identifies a migration to sqlx.
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

/// Shared things are made on a runtime of their own: the one of the test that happens to come first ends with it.
pub(super) fn blocking<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

async fn on_a_thread<T: Sync + 'static>(work: impl FnOnce() -> &'static T + Send + 'static) -> &'static T {
    tokio::task::spawn_blocking(work).await.expect("shared test things")
}
