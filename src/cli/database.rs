//! Which database a command works on: the given one, the embedded one, or the embedded one of a
//! service that is running.

use sqlx::postgres::PgConnectOptions;

use super::CliError;
use crate::{config::Config, db::Servers};

#[cfg(feature = "embedded")]
use embedded_postgres::{self as embedded, Durability, Embedded};

/// An open database and, where we started it, its server.
#[derive(Debug)]
pub struct Database {
    /// How to connect.
    pub options: PgConnectOptions,
    #[cfg(feature = "embedded")]
    server: Option<Embedded>,
}

/// Opens the database for one command; beside a running service it uses that service's server.
#[cfg(feature = "embedded")]
pub async fn open(config: &Config) -> Result<Database, CliError> {
    if let Some(given) = given(config) {
        return Ok(Database { options: given.best().await, server: None });
    }
    if let Some(options) = embedded::join_running(&settings(config)).await? {
        return Ok(Database { options, server: None });
    }
    start(config).await
}

/// Opens the database for the service itself, which must own its embedded server.
#[cfg(feature = "embedded")]
pub async fn own(config: &Config) -> Result<Database, CliError> {
    match given(config) {
        Some(given) => Ok(Database { options: given.best().await, server: None }),
        None => start(config).await,
    }
}

#[cfg(feature = "embedded")]
async fn start(config: &Config) -> Result<Database, CliError> {
    let server = Embedded::start(&settings(config)).await?;
    Ok(Database { options: server.connect_options(), server: Some(server) })
}

#[cfg(feature = "embedded")]
fn settings(config: &Config) -> embedded::Settings {
    let database = &config.database;
    embedded::Settings {
        data_dir: config.data_dir.clone(),
        bin_dir: database.server_programs.clone(),
        path: database.search_path.clone().map(Into::into),
        cache_dir: database.cache_dir.clone().map(|cache| cache.join("vestibule")),
        durability: Durability::Durable,
        // The pool, the commands of an operator and one for repairs.
        max_connections: u16::try_from(database.connections + 8).unwrap_or(u16::MAX),
    }
}

#[cfg(not(feature = "embedded"))]
pub async fn open(config: &Config) -> Result<Database, CliError> {
    own(config).await
}

#[cfg(not(feature = "embedded"))]
pub async fn own(config: &Config) -> Result<Database, CliError> {
    match given(config) {
        Some(given) => Ok(Database { options: given.best().await }),
        None => Err("set DATABASE_URL: this build has no embedded PostgreSQL".into()),
    }
}

/// The servers of `DATABASE_URL`.
pub fn given(config: &Config) -> Option<Servers> {
    let database = &config.database;
    Some(Servers::new(database.url.clone()?, database.others.clone()))
}

impl Database {
    /// Resolves when an embedded server dies under us; never otherwise.
    pub async fn died(&mut self) -> CliError {
        #[cfg(feature = "embedded")]
        if let Some(server) = &mut self.server {
            return server.died().await.into();
        }
        std::future::pending().await
    }

    /// Stops the server, if it is ours.
    pub async fn close(self) {
        #[cfg(feature = "embedded")]
        if let Some(server) = self.server
            && let Err(error) = server.stop().await
        {
            tracing::warn!(%error, "the embedded PostgreSQL did not stop in order");
        }
    }
}
