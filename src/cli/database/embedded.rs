//! The embedded PostgreSQL, with our names and settings.

use embedded_postgres::{Error, Settings};
use sqlx::postgres::PgConnectOptions;

pub use embedded_postgres::Server;

use crate::{cli::CliError, config::Config};

pub async fn join_running(config: &Config) -> Result<Option<PgConnectOptions>, CliError> {
    embedded_postgres::join_running(&settings(config)).await.map_err(explain)
}

/// Returns whether there is an embedded database; creates none.
pub async fn exists(config: &Config) -> Result<bool, CliError> {
    embedded_postgres::exists(&settings(config)).await.map_err(explain)
}

/// Returns the server programs of a first start, in words. Downloads nothing.
pub async fn programs(config: &Config) -> Result<String, CliError> {
    let settings = settings(config);
    match embedded_postgres::programs(&settings).await {
        Err(Error::NoBinaries { .. }) if cfg!(feature = "embedded-download") && settings.cache_dir.is_some() => {
            Ok("PostgreSQL, which the first start downloads".to_owned())
        }
        found => found.map_err(explain),
    }
}

pub async fn start(config: &Config) -> Result<Server, CliError> {
    Server::start(&settings(config)).await.map_err(explain)
}

fn settings(config: &Config) -> Settings {
    let database = &config.database;
    Settings {
        bin_dir: database.server_programs.clone(),
        path: database.search_path.clone().map(Into::into),
        cache_dir: database.cache_dir.clone().map(|cache| cache.join("vestibule")),
        // The pool, the commands of an operator and one for repairs.
        parameters: vec![format!("max_connections={}", database.connections + 8)],
        ..Settings::new(config.data_dir.join("postgres"), "vestibule")
    }
}

/// Adds to an error which of our settings help.
fn explain(error: Error) -> CliError {
    let help = match error {
        Error::NoBinaries { .. } | Error::NoServerAccount { .. } => {
            "Or set DATABASE_URL to an existing server, or run everything with `docker compose up`"
        }
        Error::OtherMajor { .. } => {
            "VESTIBULE_POSTGRES_BIN is the folder of the server programs, VESTIBULE_DATA_DIR that of the data"
        }
        Error::BadBinDir { .. } => "Correct VESTIBULE_POSTGRES_BIN, or unset it to search the usual places",
        Error::InUse { .. } => {
            "VESTIBULE_DATA_DIR sets the folder; several instances over one database need DATABASE_URL"
        }
        Error::NotACluster { .. } | Error::ForeignFolder { .. } | Error::ForeignSocketFolder { .. } => {
            "VESTIBULE_DATA_DIR sets the folder"
        }
        other => return other.into(),
    };
    format!("{error}. {help}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_server_programs_the_error_names_the_ways_out() {
        let message = explain(Error::NoBinaries { wanted: None, seen: Vec::new() }).to_string();
        for way_out in ["install PostgreSQL 15 or newer", "DATABASE_URL", "docker compose up"] {
            assert!(message.contains(way_out), "{message}");
        }
    }
}
