//! Which `PostgreSQL` holds the data.

use std::{path::PathBuf, str::FromStr as _};

use sqlx::postgres::PgConnectOptions;

use super::Environment;

/// The database to use.
#[derive(Clone, Debug)]
pub struct Database {
    /// `DATABASE_URL`; none means the embedded server.
    pub url: Option<PgConnectOptions>,
    /// `VESTIBULE_DATABASE_CONNECTIONS`: connections held at most.
    pub connections: u32,
    /// `VESTIBULE_POSTGRES_BIN`: where the embedded server's programs are.
    pub server_programs: Option<PathBuf>,
    /// `PATH`, searched for the embedded server's programs.
    pub search_path: Option<String>,
    /// `XDG_CACHE_HOME` or `~/.cache`: where fetched server programs are kept.
    pub cache_dir: Option<PathBuf>,
}

impl Database {
    pub(super) fn read(env: &mut Environment) -> Self {
        let wanted = "a URL such as postgres://user:password@host:5432/vestibule";
        let url = |text: &str| {
            let postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
            postgres.then(|| PgConnectOptions::from_str(text).ok()).flatten()
        };
        let cache_home = env.text("XDG_CACHE_HOME").map(PathBuf::from);
        let home_cache = env.text("HOME").map(|home| PathBuf::from(home).join(".cache"));
        Self {
            url: env.parsed("DATABASE_URL", wanted, url),
            connections: env
                .parsed("VESTIBULE_DATABASE_CONNECTIONS", "a number from 2 to 500", |text| {
                    text.parse().ok().filter(|n| (2..=500).contains(n))
                })
                .unwrap_or(16),
            server_programs: env.text("VESTIBULE_POSTGRES_BIN").map(PathBuf::from),
            search_path: env.text("PATH"),
            cache_dir: cache_home.or(home_cache),
        }
    }
}
