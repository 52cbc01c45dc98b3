//! Database settings.

use std::{path::PathBuf, str::FromStr as _};

use sqlx::postgres::PgConnectOptions;

use super::Environment;

/// The database and its embedded server.
#[derive(Clone, Debug)]
pub struct Database {
    /// `DATABASE_URL`, the first server if it names several; `None` means the embedded server.
    pub url: Option<PgConnectOptions>,
    /// The other servers of `DATABASE_URL`, any of which may become the primary.
    pub others: Vec<PgConnectOptions>,
    /// `VESTIBULE_DATABASE_CONNECTIONS`: maximum pool size, at least four.
    pub connections: u32,
    /// `VESTIBULE_POSTGRES_BIN`: folder of the embedded server's programs.
    pub server_programs: Option<PathBuf>,
    /// `PATH`, searched for the embedded server's programs.
    pub search_path: Option<String>,
    /// `XDG_CACHE_HOME` or `~/.cache`: where downloaded server programs are stored.
    pub cache_dir: Option<PathBuf>,
}

impl Database {
    pub(super) fn read(env: &mut Environment) -> Self {
        let wanted = "a URL such as postgres://user:password@host:5432/vestibule";
        let mut servers = env.parsed("DATABASE_URL", wanted, servers).unwrap_or_default().into_iter();
        let cache_home = env.text("XDG_CACHE_HOME").map(PathBuf::from);
        let home_cache = env.text("HOME").map(|home| PathBuf::from(home).join(".cache"));
        Self {
            url: servers.next(),
            others: servers.collect(),
            // Two batchers may occupy one each ([`crate::db::Batcher`]).
            connections: env.number("VESTIBULE_DATABASE_CONNECTIONS", 4..=500).unwrap_or(16),
            server_programs: env.text("VESTIBULE_POSTGRES_BIN").map(PathBuf::from),
            search_path: env.text("PATH"),
            cache_dir: cache_home.or(home_cache),
        }
    }
}

/// Parses a URL with one server or a comma-separated list, as libpq does (PostgreSQL 18, section 34.1.1.2). All servers
/// share the rest of the URL.
fn servers(text: &str) -> Option<Vec<PgConnectOptions>> {
    let (scheme, rest) = text.split_once("://")?;
    if scheme != "postgres" && scheme != "postgresql" {
        return None;
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
    let at = if user.is_empty() { "" } else { "@" };
    let server = |host| PgConnectOptions::from_str(&format!("{scheme}://{user}{at}{host}{tail}")).ok();
    match hosts.split(',').collect::<Vec<_>>().as_slice() {
        [_] => Some(vec![PgConnectOptions::from_str(text).ok()?]),
        several if several.iter().any(|host| host.is_empty()) => None,
        several => several.iter().map(server).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<Vec<(String, u16)>> {
        let of = |server: &PgConnectOptions| (server.get_host().to_owned(), server.get_port());
        Some(servers(text)?.iter().map(of).collect())
    }

    #[test]
    fn a_url_names_one_server_or_several() {
        let both = Some(vec![("one".to_owned(), 5432), ("two".to_owned(), 5433)]);
        assert_eq!(named("postgres://me:p%40ss@one:5432,two:5433/vestibule?sslmode=disable"), both);
        assert_eq!(named("postgresql://one:5432,two:5433"), both);
        assert_eq!(named("postgres://me@one:5432/vestibule").map(|servers| servers.len()), Some(1));
        let three = servers("postgres://me:a@b@one,[::1]:5433,%2Frun%2Fpostgresql/v").expect("three servers");
        assert_eq!(three.len(), 3);
        assert_eq!(three[2].get_socket().map(|path| path.to_str()), Some(Some("/run/postgresql")));
        assert!(three.iter().all(|server| server.get_username() == "me" && server.get_database() == Some("v")));
        for wrong in ["mysql://one,two/v", "postgres://one,,two/v", "postgres://one,/v", "postgres://one,two:x/v"] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }
}
