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

/// Opens the database for one command. Beside a running service it uses that service's server.
pub async fn open(config: &Config) -> Result<Database, CliError> {
    if config.database.url.is_none()
        && let Some(options) = embedded::join_running(config).await?
    {
        return Ok(Database { options, server: None });
    }
    own(config).await
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
