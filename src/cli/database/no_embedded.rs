//! Stands in for `embedded` in a build without the embedded PostgreSQL: no server exists.

use std::convert::Infallible;

use sqlx::postgres::PgConnectOptions;

use crate::{cli::CliError, config::Config};

#[derive(Debug)]
pub enum Server {}

pub async fn join_running(_: &Config) -> Result<Option<PgConnectOptions>, CliError> {
    Ok(None)
}

pub async fn exists(_: &Config) -> Result<bool, CliError> {
    Err("set DATABASE_URL: this build has no embedded PostgreSQL".into())
}

pub async fn programs(_: &Config) -> Result<String, CliError> {
    Err("set DATABASE_URL: this build has no embedded PostgreSQL".into())
}

pub async fn start(_: &Config) -> Result<Server, CliError> {
    Err("set DATABASE_URL: this build has no embedded PostgreSQL".into())
}

impl Server {
    pub fn connect_options(&self) -> PgConnectOptions {
        match *self {}
    }

    pub async fn died(&mut self) -> Infallible {
        match *self {}
    }

    pub async fn stop(self) -> Result<(), CliError> {
        match self {}
    }
}
