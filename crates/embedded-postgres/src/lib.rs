#![doc = include_str!("../README.md")]

mod cluster;
mod discover;
#[cfg(feature = "download")]
mod download;
mod error;
mod lock;
mod log;
mod pidfile;
mod place;
mod process;

use std::{
    ffi::OsString,
    fs::File,
    io::PipeWriter,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::{Instant, sleep};

pub use error::{Died, Error};
use pidfile::PidFile;
use place::Place;
use process::Process;

const SUPERUSER: &str = "postgres";
/// Only a part of the socket's file name: no port is opened.
const PORT: u16 = 5432;
/// How long [`join_running`] waits for a server that another process is starting.
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Settings of a server. The crate reads nothing from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of the cluster and its socket. The lock file is beside it: `<dir>.lock`.
    pub dir: PathBuf,
    /// Used when running as root and the server's user cannot enter the parent of `dir`: the folder with the path of `dir`
    /// below this one. So no two folders share a cluster.
    pub fallback_dir: PathBuf,
    /// Name of the role, of the database it owns, and of the cluster as `ps` shows it. At most 63 bytes. Under root, the
    /// server runs as the user of this name, if there is one.
    pub name: String,
    /// Folder of the server programs. If set, no other is searched.
    pub bin_dir: Option<PathBuf>,
    /// Value of `PATH`, which is searched for server programs first.
    pub path: Option<OsString>,
    /// Folder for downloaded server programs. `None`, or a build without the feature `download`, never downloads.
    pub cache_dir: Option<PathBuf>,
    /// Durability of commits.
    pub durability: Durability,
    /// Server parameters such as `max_connections=20`. They override the crate's defaults, except those that keep the
    /// server private, its log readable and its data durable.
    pub parameters: Vec<String>,
}

impl Settings {
    /// A durable server in `dir` that uses the server programs of the usual places.
    pub fn new(dir: impl Into<PathBuf>, name: &str) -> Self {
        Self {
            dir: dir.into(),
            fallback_dir: format!("/var/lib/{name}").into(),
            name: name.to_owned(),
            bin_dir: None,
            path: None,
            cache_dir: None,
            durability: Durability::Durable,
            parameters: Vec::new(),
        }
    }
}

/// Durability of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// No acknowledged commit is lost.
    Durable,
    /// Faster, for tests: a crash of the machine may lose everything.
    Throwaway,
}

/// A running server, locked by this process.
///
/// Dropping it also stops the server, but does not wait for that: prefer [`Self::stop`].
#[derive(Debug)]
pub struct Server {
    // Fields drop in this order: the server is told to stop before its folder is unlocked.
    process: Process,
    lock: File,
    socket_dir: PathBuf,
    name: String,
}

impl Server {
    /// Starts the server and waits until it accepts connections. The first start creates the cluster.
    pub async fn start(settings: &Settings) -> Result<Self, Error> {
        let place = Place::resolve(settings).await?;
        place.announce();
        place.prepare()?;
        let lock = lock::acquire(&place).await?;
        let cluster = place.cluster();
        let major = cluster::major_of(&cluster)?;
        let binaries = discover::find(settings, &place, major).await?;
        let socket_dir = place.socket_dir()?;
        pidfile::clear(&cluster, &socket_dir, &settings.name).await?;
        cluster::remove_leftovers(&place);
        if major.is_none() {
            cluster::create(&binaries, &place, settings.durability).await?;
        }
        let process = Process::start(&binaries, &place, &socket_dir, settings).await?;
        let server = Self { process, lock, socket_dir, name: settings.name.clone() };
        server.ensure_database().await?;
        Ok(server)
    }

    /// How to connect: Unix socket, role and database.
    pub fn connect_options(&self) -> PgConnectOptions {
        options(&self.socket_dir, PORT, &self.name)
    }

    /// How to connect as the superuser to the database `postgres`, for tests and repairs.
    pub fn superuser_options(&self) -> PgConnectOptions {
        options(&self.socket_dir, PORT, SUPERUSER)
    }

    /// The URL of the database, for psql and other clients that read libpq's URLs.
    pub fn url(&self) -> String {
        url(&self.socket_dir, &self.name)
    }

    /// Resolves only if the server ends without [`Self::stop`]. The caller should then end as well.
    pub async fn died(&mut self) -> Died {
        self.process.died().await
    }

    /// Stops the server, then unlocks its folder. Close connection pools first.
    pub async fn stop(mut self) -> Result<(), Error> {
        let stopped = self.process.stop().await;
        drop(self.lock);
        stopped
    }

    /// Leaves the server running when this process ends, for a test harness of several processes.
    ///
    /// The server stops when the last copy of the pipe is closed (`None` if it has ended already). Its folder is in use
    /// until the last copy of the lock file is closed.
    pub fn detach(self) -> (Option<PipeWriter>, File) {
        (self.process.detach(), self.lock)
    }

    async fn ensure_database(&self) -> Result<(), Error> {
        let mut connection = self.superuser_options().connect().await?;
        let exist = "select exists (select from pg_roles where rolname = $1), \
            exists (select from pg_database where datname = $1)";
        let (role, database): (bool, bool) = sqlx::query_as(exist).bind(&self.name).fetch_one(&mut connection).await?;
        let name = self.name.replace('"', "\"\"");
        if !role {
            connection.execute(&*format!("create role \"{name}\" login")).await?;
        }
        if !database {
            connection.execute(&*format!("create database \"{name}\" owner \"{name}\"")).await?;
        }
        Ok(connection.close().await?)
    }
}

/// Returns whether the folder holds a cluster, which [`Server::start`] would otherwise create. Changes nothing on disk.
pub async fn exists(settings: &Settings) -> Result<bool, Error> {
    let place = Place::resolve(settings).await?;
    Ok(cluster::major_of(&place.cluster())?.is_some())
}

/// Returns the server programs that [`Server::start`] would use, such as `PostgreSQL 17.5 in /usr/lib/postgresql/17/bin`.
/// Downloads nothing.
pub async fn programs(settings: &Settings) -> Result<String, Error> {
    let place = Place::resolve(settings).await?;
    let major = cluster::major_of(&place.cluster())?;
    let settings = Settings { cache_dir: None, ..settings.clone() };
    let found = discover::find(&settings, &place, major).await?;
    Ok(format!("PostgreSQL {} in {}", found.version, found.dir.display()))
}

/// Returns how to connect to a server that another process runs in the same folder, or `None` if no process does.
///
/// Waits up to ten seconds for a server that is starting. Changes nothing on disk.
pub async fn join_running(settings: &Settings) -> Result<Option<PgConnectOptions>, Error> {
    let place = Place::resolve(settings).await?;
    let deadline = Instant::now() + JOIN_TIMEOUT;
    while let Some(holder) = lock::holder(&place)? {
        if let Some(options) = answering(&place.cluster(), &settings.name).await? {
            return Ok(Some(options));
        }
        if Instant::now() > deadline {
            return Err(Error::NotAnswering { folder: place.dir, holder });
        }
        sleep(Duration::from_millis(100)).await;
    }
    Ok(None)
}

/// Returns how to connect to the server of `cluster`, once a connection has succeeded.
async fn answering(cluster: &Path, name: &str) -> Result<Option<PgConnectOptions>, Error> {
    let Some(PidFile { ready: true, socket_dir: Some(socket_dir), port, .. }) = PidFile::read(cluster)? else {
        return Ok(None);
    };
    let options = options(&socket_dir, port.unwrap_or(PORT), name);
    match options.connect().await {
        Ok(connection) => {
            // The connection has proven what it was for, however it closes.
            let _ = connection.close().await;
            Ok(Some(options))
        }
        Err(error) => {
            tracing::debug!(%error, "embedded database of another process does not answer yet");
            Ok(None)
        }
    }
}

/// Connects `role` to the database of the same name.
fn options(socket_dir: &Path, port: u16, role: &str) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass().socket(socket_dir).port(port);
    // A socket needs no TLS, which every connection would ask for first.
    options.username(role).database(role).ssl_mode(PgSslMode::Disable).application_name(role)
}

/// `postgres://name@%2Fsocket%2Ffolder:5432/name`: libpq and sqlx read a host that begins with `/` as a folder.
fn url(socket_dir: &Path, name: &str) -> String {
    let host = percent_encode(socket_dir.as_os_str().as_bytes(), UNRESERVED);
    let name = percent_encode(name.as_bytes(), UNRESERVED);
    format!("postgres://{name}@{host}:{PORT}/{name}?sslmode=disable")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_carries_the_socket_folder_percent_encoded() {
        let url = url(Path::new("/srv/a b/é"), "shop");
        assert_eq!(url, "postgres://shop@%2Fsrv%2Fa%20b%2F%C3%A9:5432/shop?sslmode=disable");
        let options: PgConnectOptions = url.parse().expect("a URL that sqlx reads");
        assert_eq!(options.get_socket().map(PathBuf::as_path), Some(Path::new("/srv/a b/é")));
    }
}
