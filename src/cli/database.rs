//! Opens a command's database: `DATABASE_URL`, or the embedded one, possibly of a running service.

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

/// The error of a command without a database.
const MISSING: &str =
    "there is no database here; run it where the service runs, or set VESTIBULE_DATA_DIR or DATABASE_URL";

/// Opens the database for one command. While the service runs, uses its server. Never creates a database, because a
/// command in the wrong folder must not work on a new one.
pub async fn open(config: &Config) -> Result<Database, CliError> {
    find(config).await?.ok_or_else(|| MISSING.into())
}

/// Like [`open`], but returns `None` if no database exists yet.
pub async fn find(config: &Config) -> Result<Option<Database>, CliError> {
    if config.database.url.is_some() {
        return own(config).await.map(Some);
    }
    if let Some(options) = embedded::join_running(config).await? {
        return Ok(Some(Database { options, server: None }));
    }
    if embedded::exists(config).await? { own(config).await.map(Some) } else { Ok(None) }
}

/// Describes the embedded database that a first start would create without `DATABASE_URL`.
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
