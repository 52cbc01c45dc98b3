//! A PostgreSQL of our own: a private cluster in `<data>/postgres`, run by real server binaries found on the machine.
//!
//! What this module promises:
//!
//! - **Nothing acknowledged is lost.** The cluster is durable (fsync on, checksums on), also when the service or the
//!   server is killed.
//! - **The server lives exactly as long as the service.** It outlives Ctrl-C while the service drains, and a watcher
//!   stops it when the service dies without a word. When the server dies first, [`Embedded::died`] tells.
//! - **One owner.** A second instance over the same folder gets an error that says what to do, never a second server.
//! - **Data is never replaced.** A cluster of another major version, of another user or half a cluster is refused.
//! - **Nobody else gets in.** No TCP port; one Unix socket in a folder that only the server's user may enter. Hence no
//!   password: `trust` behind a 0700 folder leaves the decision to the kernel. (`peer` would compare user names, and
//!   the service may run as root while the server, which refuses root, runs as `postgres`.)
//!
//! Layout: `<data>/postgres.lock` (held by the owner), `<data>/postgres/cluster` (PGDATA), `<data>/postgres/socket`.

mod cluster;
mod discover;
#[cfg(feature = "download")]
mod download;
mod error;
mod lock;
mod log;
mod pidfile;
mod place;
mod server;
mod socket;

use std::{
    ffi::OsString,
    fs::File,
    io::PipeWriter,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _,
    postgres::{PgConnectOptions, PgSslMode},
};

pub use error::{Died, EmbeddedError};
use lock::{Holder, OwnerLock};
use pidfile::PidFile;
use place::Place;
use server::Server;

/// The role and the database of the service. The role owns its database and nothing else: a statement smuggled into
/// the service cannot read files or run programs, as the cluster's superuser could.
const NAME: &str = "vestibule";
const SUPERUSER: &str = "postgres";
/// Only a part of the socket's file name; no port is opened.
const PORT: u16 = 5432;
/// How long a command waits for a server that another process is just starting.
const JOIN_PATIENCE: Duration = Duration::from_secs(10);

/// What the embedded server needs to know. Nothing is read from the environment behind the caller's back.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The service's data folder; the cluster lives in `postgres` inside it.
    pub data_dir: PathBuf,
    /// `VESTIBULE_POSTGRES_BIN`: the only place to look for server binaries, when set.
    pub bin_dir: Option<PathBuf>,
    /// The `PATH` variable, for discovery.
    pub path: Option<OsString>,
    /// Where a fetched archive of server binaries goes; `None` never fetches.
    pub cache_dir: Option<PathBuf>,
    /// Whether a commit waits for the disk.
    pub durability: Durability,
    /// `max_connections` of the server.
    pub max_connections: u16,
}

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing acknowledged is lost.
    Durable,
    /// For tests: a power cut may lose everything.
    Throwaway,
}

/// A running server and the right to run it. Dropping it stops the server too, but unattended: prefer [`Self::stop`].
#[derive(Debug)]
pub struct Embedded {
    // Fields drop in this order: the leash on the server goes before the lock on its folder.
    server: Server,
    lock: OwnerLock,
    socket_dir: PathBuf,
}

impl Embedded {
    /// Finds binaries, makes the cluster at the first start, starts the server and waits until it takes connections.
    pub async fn start(settings: &Settings) -> Result<Self, EmbeddedError> {
        let place = Place::resolve(&settings.data_dir).await?;
        place.announce();
        place.prepare()?;
        let lock = OwnerLock::acquire(&place.lock_path()).await?;
        let cluster = place.cluster();
        let wanted = cluster::major_of(&cluster)?;
        let binaries = discover::find(settings, &place, wanted).await?;
        let socket_dir = socket::prepare(&place)?;
        pidfile::clear(&cluster, &socket_dir).await?;
        cluster::remove_leftovers(&place);
        if wanted.is_none() {
            cluster::create(&binaries, &place, settings.durability).await?;
        }
        let server = Server::start(&binaries, &place, &socket_dir, settings).await?;
        let embedded = Self { server, lock, socket_dir };
        embedded.ensure_database().await?;
        Ok(embedded)
    }

    /// How the service connects: Unix socket, role and database `vestibule`.
    pub fn connect_options(&self) -> PgConnectOptions {
        options(&self.socket_dir, PORT, NAME, NAME)
    }

    /// The cluster's superuser, in the maintenance database. For tests and repairs; the service itself never needs it.
    pub fn superuser_options(&self) -> PgConnectOptions {
        options(&self.socket_dir, PORT, SUPERUSER, SUPERUSER)
    }

    /// The same as [`Self::connect_options`], as a URL for psql and the sqlx CLI.
    pub fn url(&self) -> String {
        url(&self.socket_dir, NAME, NAME)
    }

    /// Resolves only when the server dies under us; the service should log it and end.
    pub async fn died(&mut self) -> Died {
        self.server.died().await
    }

    /// Stops the server in order (close the pool first) and gives the folder free.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        let stopped = self.server.stop().await;
        drop(self.lock);
        stopped
    }

    /// Lets another process keep the server: it runs until the last copy of the leash is closed, and the folder
    /// counts as owned until the last copy of the lock is. For a test harness whose first process ends before others.
    #[doc(hidden)]
    pub fn hand_over(self) -> (Option<PipeWriter>, File) {
        (self.server.hand_over(), self.lock.into_file())
    }

    async fn ensure_database(&self) -> Result<(), EmbeddedError> {
        let mut connection = self.superuser_options().connect().await?;
        // The role comes first, so the database alone tells whether both are there.
        let found: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = 'vestibule'")
            .fetch_optional(&mut connection)
            .await?;
        if found.is_none() {
            let role: Option<i32> = sqlx::query_scalar("select 1 from pg_roles where rolname = 'vestibule'")
                .fetch_optional(&mut connection)
                .await?;
            if role.is_none() {
                connection.execute("create role vestibule login").await?;
            }
            connection.execute("create database vestibule owner vestibule").await?;
        }
        connection.close().await?;
        Ok(())
    }
}

/// For commands used beside a running service: `Some(options)` when another process holds the folder and its server
/// answers, `None` when nobody holds it. Changes nothing on disk.
pub async fn join_running(settings: &Settings) -> Result<Option<PgConnectOptions>, EmbeddedError> {
    let place = Place::resolve(&settings.data_dir).await?;
    let deadline = tokio::time::Instant::now() + JOIN_PATIENCE;
    loop {
        let holder = match lock::holder(&place.lock_path())? {
            Holder::Nobody => return Ok(None),
            Holder::Process(pid) => pid,
        };
        if let Some(options) = answering(&place.cluster()).await? {
            return Ok(Some(options));
        }
        if tokio::time::Instant::now() > deadline {
            return Err(EmbeddedError::HeldButSilent { folder: place.root, holder });
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Options that reach the server of `cluster`, proven by a connection.
async fn answering(cluster: &Path) -> Result<Option<PgConnectOptions>, EmbeddedError> {
    let Some(PidFile { ready: true, socket_dir: Some(socket_dir), port, .. }) = PidFile::read(cluster)? else {
        return Ok(None);
    };
    let options = options(&socket_dir, port.unwrap_or(PORT), NAME, NAME);
    match options.connect().await {
        Ok(connection) => {
            // Nothing hangs on how politely a proof is closed.
            let _ = connection.close().await;
            Ok(Some(options))
        }
        Err(error) => {
            tracing::debug!(%error, "the running server does not answer yet");
            Ok(None)
        }
    }
}

fn options(socket_dir: &Path, port: u16, user: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .port(port)
        .username(user)
        .database(database)
        // The socket never leaves the machine; without this every connection would ask for TLS first.
        .ssl_mode(PgSslMode::Disable)
        .application_name(NAME)
}

/// `postgres://user@%2Fsocket%2Ffolder:5432/database`: libpq and sqlx read a host that begins with `/` as a folder.
fn url(socket_dir: &Path, user: &str, database: &str) -> String {
    use std::{fmt::Write as _, os::unix::ffi::OsStrExt as _};

    let mut host = String::new();
    for &byte in socket_dir.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            host.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(host, "%{byte:02X}");
        }
    }
    format!("postgres://{user}@{host}:{PORT}/{database}?sslmode=disable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_carries_the_socket_folder_percent_encoded() {
        let url = url(Path::new("/srv/a b/é"), "vestibule", "vestibule");
        assert_eq!(url, "postgres://vestibule@%2Fsrv%2Fa%20b%2F%C3%A9:5432/vestibule?sslmode=disable");
        let options: PgConnectOptions = url.parse().expect("a URL that sqlx reads");
        assert_eq!(options.get_socket().map(PathBuf::as_path), Some(Path::new("/srv/a b/é")));
    }
}
