//! Which database a command works on: the one of `DATABASE_URL`, or the embedded one, perhaps of a running service.

#[cfg(feature = "embedded")]
mod embedded;
#[cfg(not(feature = "embedded"))]
#[path = "database/no_embedded.rs"]
mod embedded;

use sqlx::postgres::PgConnectOptions;

use super::CliError;
use crate::{config::Config, db::Servers};

/// An open database and, if this process started it, its server.
#[derive(Debug)]
pub struct Database {
    /// How to connect.
    pub options: PgConnectOptions,
    server: Option<embedded::Server>,
}

/// The error of a command where no database is.
const MISSING: &str =
    "there is no database here; run it where the service runs, or set VESTIBULE_DATA_DIR or DATABASE_URL";

/// Opens the database for one command. Beside a running service it uses that service's server. Creates none: a command in
/// the wrong folder must not work on a new database.
pub async fn open(config: &Config) -> Result<Database, CliError> {
    find(config).await?.ok_or_else(|| MISSING.into())
}

/// The same, or `None` if there is no database yet.
pub async fn find(config: &Config) -> Result<Option<Database>, CliError> {
    if config.database.url.is_some() {
        return own(config).await.map(Some);
    }
    if let Some(options) = embedded::join_running(config).await? {
        return Ok(Some(Database { options, server: None }));
    }
    if embedded::exists(config).await? { own(config).await.map(Some) } else { Ok(None) }
}

/// Returns what a first start would run without `DATABASE_URL`, in words.
pub async fn first_start(config: &Config) -> Result<String, CliError> {
    let programs = embedded::programs(config).await?;
    Ok(format!("{} with {programs}", config.data_dir.join("postgres").display()))
}

/// Opens the database for the service itself, which must own its embedded server.
pub async fn own(config: &Config) -> Result<Database, CliError> {
    if let Some(servers) = Servers::configured(&config.database) {
        return Ok(Database { options: servers.best().await, server: None });
    }
    let server = embedded::start(config).await?;
    Ok(Database { options: server.connect_options(), server: Some(server) })
}

impl Database {
    /// Resolves only if an embedded server of this process ends unexpectedly.
    pub async fn died(&mut self) -> CliError {
        match &mut self.server {
            Some(server) => server.died().await.into(),
            None => std::future::pending().await,
        }
    }

    /// Stops the server, if this process started it.
    pub async fn close(self) {
        if let Some(server) = self.server
            && let Err(error) = server.stop().await
        {
            tracing::warn!(%error, "cannot stop the embedded database");
        }
    }
}
