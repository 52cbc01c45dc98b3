//! Settings: what is written about them is what they are.

use std::{collections::BTreeSet, path::Path};

use crate::support::app::NO_MAIL;
use vestibule::config::{Config, Environment, SETTINGS, dotenv};

/// What `docker-compose.yml` does not pass on from the environment of whoever runs it, and why.
const NOT_IN_COMPOSE: [(&str, &str); 4] = [
    ("DATABASE_URL", "it names the PostgreSQL beside it, and comes from the file that `secrets` makes"),
    ("VESTIBULE_POSTGRES_BIN", "the image has no embedded PostgreSQL"),
    ("VESTIBULE_LISTEN", "the image says it, and the file publishes that port"),
    ("VESTIBULE_DATA_DIR", "the image says it, and the file mounts a volume there"),
];

fn root(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn mistakes(variables: &[(&str, &str)]) -> Vec<String> {
    let read = Config::read(Environment::of(variables.iter().copied()));
    read.map_or_else(|mistakes| mistakes.0.into_iter().map(|mistake| mistake.name).collect(), |_| Vec::new())
}

#[test]
fn the_example_names_every_setting_and_gives_exactly_the_defaults() {
    let text = std::fs::read_to_string(root(".env.example")).expect(".env.example");
    let name = |line: &str| {
        let line = line.trim_start_matches('#').trim_start();
        line.split_once('=')
            .map(|(name, _)| name.to_owned())
            .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c == '2'))
    };
    let named: BTreeSet<String> = text.lines().filter_map(name).collect();
    let known: BTreeSet<String> = SETTINGS.iter().map(|setting| setting.name.to_owned()).collect();
    assert_eq!(named, known);
    // With every line uncommented, as an operator may do.
    let uncommented = text.replace("\n#", "\n").replace("\n ", "\n# ");
    for file in [&text, &uncommented] {
        dotenv::variables(file.as_bytes()).expect("good lines");
    }
    let variables = dotenv::variables(uncommented.as_bytes()).expect("good lines");
    let as_in_the_example = Config::read(Environment::of(variables)).expect("good settings");
    let unset = Config::read(Environment::default()).expect("good settings");
    assert_eq!(
        format!("{as_in_the_example:?}").replace("./data", "data"),
        format!("{unset:?}").replace("./data", "data")
    );
}

#[test]
fn the_compose_file_passes_every_setting_on() {
    let text = std::fs::read_to_string(root("docker-compose.yml")).expect("docker-compose.yml");
    // `NAME: ${NAME:-…}`
    let passed = text.lines().filter_map(|line| {
        let (name, value) = line.trim().split_once(": ")?;
        value.starts_with(&format!("${{{name}:-")).then_some(name)
    });
    let (files, names): (Vec<_>, Vec<_>) =
        passed.partition(|name| name.ends_with("_FILE") && SETTINGS.iter().all(|setting| setting.name != *name));
    for file in files {
        assert!(names.iter().any(|name| file.strip_suffix("_FILE") == Some(*name)), "{file}");
    }
    let mut told: Vec<_> = names.into_iter().chain(NOT_IN_COMPOSE.iter().map(|(name, _)| *name)).collect();
    told.sort_unstable();
    let mut known: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
    known.sort_unstable();
    assert_eq!(told, known);
}

#[test]
fn every_mistake_is_told_at_once_by_name() {
    let wrong = [
        ("DATABASE_URL", "mysql://localhost"),
        ("VESTIBULE_LISTEN", "8080"),
        ("VESTIBULE_PUBLIC_URL", "http://id.example.com"),
        ("VESTIBULE_MAIL_URL", "smtp://user:word@mail.example.com?tls=none"),
        ("VESTIBULE_MAIL_FROM", "Vestibule"),
        ("VESTIBULE_SECRET", "changeme"),
        ("VESTIBULE_TRUSTED_PROXIES", "everyone"),
        ("VESTIBULE_ARGON2", "m=8,t=1,p=1"),
        ("VESTIBULE_SESSION_IDLE", "soon"),
        ("VESTIBULE_LOG_FORMAT", "xml"),
    ];
    assert_eq!(BTreeSet::from_iter(mistakes(&wrong)), wrong.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn asvs_13_3_1_weak_secrets_are_refused_and_never_repeated() {
    for weak in ["short", "00000000000000000000000000000000", "a good key, but a short second one", "vestibule"] {
        let refused = Config::read(Environment::of([("VESTIBULE_SECRET", weak)])).expect_err(weak);
        assert!(!refused.to_string().contains(weak), "{refused}");
    }
    assert!(
        mistakes(&[("VESTIBULE_SECRET", "0123456789abcdef0123456789abcdef,fedcba9876543210fedcba9876543210")])
            .is_empty()
    );
}

#[test]
fn public_urls_are_https_or_this_machine() {
    for good in [
        "https://id.example.com",
        "https://id.example.com:8443/",
        "http://localhost:3000",
        "http://127.0.0.1:1",
        "http://[::1]:8080",
    ] {
        let [url, from] = NO_MAIL;
        assert!(mistakes(&[("VESTIBULE_PUBLIC_URL", good), url, from]).is_empty(), "{good}");
    }
    for wrong in [
        "http://id.example.com",
        "id.example.com",
        "ftp://localhost",
        "https://id.example.com/path",
        "https://a:b@id.example.com",
        "http://10.0.0.1",
    ] {
        assert_eq!(mistakes(&[("VESTIBULE_PUBLIC_URL", wrong)]), ["VESTIBULE_PUBLIC_URL"], "{wrong}");
    }
}

#[test]
fn a_port_of_ones_own_needs_one_setting() {
    let config = Config::read(Environment::of([("VESTIBULE_LISTEN", "127.0.0.1:9999")])).expect("good settings");
    assert_eq!(config.site.public_url.origin(), "http://localhost:9999");
}

#[test]
fn a_typing_error_in_a_name_is_noticed() {
    let config = Config::read(Environment::of([("VESTIBULE_LISTN", "127.0.0.1:9999")])).expect("good settings");
    assert_eq!(config.unknown, ["VESTIBULE_LISTN"]);
}

#[test]
fn https_needs_a_mail_server_and_no_mistake_repeats_a_password() {
    let https = ("VESTIBULE_PUBLIC_URL", "https://id.example.com");
    assert_eq!(mistakes(&[https]), ["VESTIBULE_MAIL_URL", "VESTIBULE_MAIL_FROM"]);
    assert_eq!(mistakes(&[https, NO_MAIL[0]]), ["VESTIBULE_MAIL_FROM"]);
    assert_eq!(mistakes(&[https, NO_MAIL[1]]), ["VESTIBULE_MAIL_URL"]);
    // Where it may be left out it is still judged when it is there.
    assert_eq!(mistakes(&[NO_MAIL[0]]), ["VESTIBULE_MAIL_FROM"]);
    assert!(mistakes(&[NO_MAIL[1]]).is_empty());
    for wrong in
        ["https://user:canary@mail.example.com", "smtps://user:canary#@mail", "smtps://canary@mail.example.com"]
    {
        let refused = Config::read(Environment::of([("VESTIBULE_MAIL_URL", wrong)])).expect_err(wrong).to_string();
        assert!(refused.contains("VESTIBULE_MAIL_URL: ") && !refused.contains("canary"), "{refused}");
    }
}

#[test]
fn the_mail_servers_url_may_come_from_a_file() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "smtps://user:p%40ss@mail.example.com\n").expect("a URL");
    let path = file.path().to_str().expect("a path");
    let config = Config::read(Environment::of([("VESTIBULE_MAIL_URL_FILE", path), NO_MAIL[1]])).expect("good settings");
    let server = config.mail.server.expect("a server");
    assert_eq!((server.host.as_str(), server.port), ("mail.example.com", 465));
    assert_eq!(server.credentials.expect("credentials").password, "p@ss");
    assert!(config.unknown.is_empty());
}
