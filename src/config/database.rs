//! Database settings.

use std::{path::PathBuf, str::FromStr as _};

use sqlx::postgres::PgConnectOptions;

use super::Environment;

const URL: &str = "DATABASE_URL";

const WANTED: &str = "wanted a URL such as postgres://user:password@host:5432/vestibule";
/// What a raw special character in a password does to a URL is seen here, or not at all.
const ENCODE: &str = "in the user and the password, percent-encode special characters: # is %23, / is %2F, ? is %3F, \
     @ is %40, % is %25, : is %3A, a space is %20";

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
        let servers = env.text(URL).and_then(|text| servers(&text).map_err(|reason| env.mistake(URL, reason)).ok());
        let mut servers = servers.unwrap_or_default().into_iter();
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
fn servers(text: &str) -> Result<Vec<PgConnectOptions>, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    if scheme != "postgres" && scheme != "postgresql" {
        return Err(WANTED.to_owned());
    }
    let unreadable = || format!("{WANTED}; {ENCODE}");
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
    // An at sign behind the host: a password was cut at its `/`, `?` or `#`. The rest would be the host's name.
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    if tail.contains('#') || path.contains('@') || (user.is_empty() && query.contains('@')) {
        return Err(unreadable());
    }
    let at = if user.is_empty() { "" } else { "@" };
    let server = |host| PgConnectOptions::from_str(&format!("{scheme}://{user}{at}{host}{tail}"));
    let found = match hosts.split(',').collect::<Vec<_>>().as_slice() {
        [_] => PgConnectOptions::from_str(text).map(|server| vec![server]),
        several if several.iter().any(|host| host.is_empty()) => return Err(unreadable()),
        several => several.iter().map(server).collect(),
    };
    found.map_err(|_| unreadable())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<Vec<(String, u16)>> {
        let of = |server: &PgConnectOptions| (server.get_host().to_owned(), server.get_port());
        Some(servers(text).ok()?.iter().map(of).collect())
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

    #[test]
    fn field_20_a_password_with_raw_special_characters_is_refused_with_what_to_write() {
        for raw in [
            "postgres://me:pa#ss@host/v",
            "postgres://me:pa/ss@host/v",
            "postgres://me:pa?ss@host/v",
            "postgres://me:1/2@host/v",
            "postgres://me:1?2@host/v",
            "postgres://me:1#2@host/v",
            "postgres://me:p@ss#word@host/v",
            "postgres://me:p@ss/word@host/v",
            "postgres://me:pa:ss/@one,two/v",
        ] {
            let refused = servers(raw).expect_err(raw);
            assert!(refused.contains("# is %23") && refused.contains("@ is %40"), "{refused}");
            assert!(!refused.contains("me:"), "{refused}");
        }
        for encoded in ["p%23%2F%3F%40%25%3A%20w", "p%23@ss", "p ss", "p:ss", "p%ss"] {
            let one = servers(&format!("postgres://me:{encoded}@host/v"));
            assert_eq!(one.expect(encoded)[0].get_host(), "host", "{encoded}");
        }
        assert!(servers("postgres://me@host/v?sslrootcert=/etc/a@b.pem").is_ok());
    }
}
