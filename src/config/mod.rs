//! Settings. Only this module reads the environment.
//!
//! All mistakes are collected and reported together, each with its variable. A variable `NAME` may also be set as
//! `NAME_FILE`, the path of a file that holds the value.

mod accounts;
mod apps;
mod database;
pub mod dotenv;
mod environment;
mod logging;
mod mail;
mod network;
mod password;
mod secret;
mod session;
mod site;

use std::path::PathBuf;

pub use accounts::{Accounts, SecondFactor};
pub use apps::{Apps, ClientDocuments};
pub use database::Database;
pub use environment::{Environment, Mistake, Mistakes};
pub use logging::{LogFormat, Logging};
pub use mail::{Mail, MailCredentials, MailServer, MailTls};
pub use network::Network;
pub use password::Passwords;
pub use secret::{Secret, SecretError, Secrets};
pub use session::Lifetimes;
pub use site::{PublicUrl, Site, is_loopback_url};

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// `VESTIBULE_DATA_DIR`: folder of the embedded database and generated secrets.
    pub data_dir: PathBuf,
    /// The service's name and public URL.
    pub site: Site,
    /// Mail settings.
    pub mail: Mail,
    /// Listeners and trusted proxies.
    pub network: Network,
    /// Database settings.
    pub database: Database,
    /// `VESTIBULE_SECRET`; empty means the key in the data directory.
    pub secrets: Vec<Secret>,
    /// Account requirements.
    pub accounts: Accounts,
    /// Password policy and hashing.
    pub passwords: Passwords,
    /// What apps get.
    pub apps: Apps,
    /// Session lifetimes.
    pub lifetimes: Lifetimes,
    /// `VESTIBULE_SESSION_CACHE`: maximum number of cached sessions, and of cached access tokens.
    pub session_cache: usize,
    /// Logging settings.
    pub logging: Logging,
    /// Variables that look like settings but are unknown.
    pub unknown: Vec<String>,
}

impl Config {
    /// Reads every setting.
    ///
    /// # Errors
    /// All mistakes together.
    pub fn read(mut env: Environment) -> Result<Self, Mistakes> {
        let network = Network::read(&mut env);
        let site = Site::read(&mut env, network.listen);
        let config = Self {
            data_dir: env.text("VESTIBULE_DATA_DIR").unwrap_or_else(|| "./data".to_owned()).into(),
            mail: Mail::read(&mut env, &site.public_url),
            site,
            network,
            database: Database::read(&mut env),
            secrets: Secrets::read(&mut env),
            accounts: Accounts::read(&mut env),
            passwords: Passwords::read(&mut env),
            apps: Apps::read(&mut env),
            lifetimes: Lifetimes::read(&mut env),
            session_cache: session::cache(&mut env),
            logging: Logging::read(&mut env),
            unknown: env.unknown(),
        };
        env.finish(config)
    }
}

/// Help for one setting, as `vestibule doctor` prints it and `.env.example` contains it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// The default value.
    pub default: &'static str,
    /// The description.
    pub help: &'static str,
}

const fn setting(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, default, help }
}

/// Every setting read by [`Config::read`].
pub const SETTINGS: &[Setting] = &[
    setting("DATABASE_URL", "", "PostgreSQL to use; unset: a private server that Vestibule runs"),
    setting("VESTIBULE_DATABASE_CONNECTIONS", "16", "maximum number of PostgreSQL connections per replica"),
    setting(
        "VESTIBULE_POSTGRES_BIN",
        "",
        "folder of the PostgreSQL server programs for the private server; unset: found automatically",
    ),
    setting("VESTIBULE_LISTEN", "127.0.0.1:8080", "address and port to listen on"),
    setting(
        "VESTIBULE_PUBLIC_URL",
        "http://localhost:8080",
        "origin that visitors use; decides links, cookies and redirects",
    ),
    setting("VESTIBULE_SERVICE_NAME", "Vestibule", "name on pages and in email"),
    setting(
        "VESTIBULE_SUPPORT_URL",
        "",
        "support link (https:// or mailto:) for people who cannot sign in; unset: pages only mention the operator",
    ),
    setting(
        "VESTIBULE_MAIL_URL",
        "",
        "mail server, smtps:// or smtp:// with user:password@host; unset: email is shown at /dev/mail",
    ),
    setting("VESTIBULE_MAIL_FROM", "", "sender of email, such as Vestibule <no-reply@example.com>"),
    setting("VESTIBULE_DATA_DIR", "./data", "folder of the private server's data and the generated secret"),
    setting(
        "VESTIBULE_SECRET",
        "",
        "keys of 32 or more characters, newest first, separated by commas; unset: one is generated in the data folder",
    ),
    setting(
        "VESTIBULE_TRUSTED_PROXIES",
        "",
        "networks (CIDR, separated by commas) whose X-Forwarded headers are trusted, and that may ask the gate",
    ),
    setting("VESTIBULE_METRICS_LISTEN", "", "address and port of the Prometheus metrics; unset: off"),
    setting("VESTIBULE_LOG", "info", "log filter: error, warn, info, debug, trace, or tracing directives"),
    setting("VESTIBULE_LOG_FORMAT", "", "pretty or json; unset: pretty on a terminal, otherwise json"),
    setting(
        "VESTIBULE_REQUIRE_VERIFICATION",
        "true",
        "true: an account works only after its email address is verified, within a week; false: at once",
    ),
    setting(
        "VESTIBULE_REQUIRE_SECOND_FACTOR",
        "no",
        "who must have a passkey or an authenticator app: no, admins or everyone; applies to existing sessions too",
    ),
    setting(
        "VESTIBULE_NEW_BROWSER_EMAIL",
        "true",
        "true: an owner is emailed about a sign-in with a browser that the account does not know; false: never",
    ),
    setting(
        "VESTIBULE_ARGON2",
        "m=19456,t=2,p=1",
        "Argon2id cost of new hashes (PHC parameters); older hashes are upgraded at the next sign-in",
    ),
    setting("VESTIBULE_HASH_WORKERS", "", "passwords hashed in parallel; unset: one per core"),
    setting("VESTIBULE_HASH_QUEUE", "64", "passwords that may wait for hashing; beyond that, sign-ins get 503"),
    setting("VESTIBULE_PASSWORD_MIN", "12", "minimum length of a new password, in characters"),
    setting("VESTIBULE_SESSION_IDLE", "1h", "idle limit of a session that is not remembered"),
    setting("VESTIBULE_SESSION_MAX", "12h", "lifetime of a session that is not remembered"),
    setting("VESTIBULE_SESSION_REMEMBERED", "30d", "lifetime of a remembered session"),
    setting("VESTIBULE_ACCESS_TOKEN", "10m", "lifetime of the access tokens of apps"),
    setting("VESTIBULE_ID_TOKEN", "10m", "lifetime of the ID tokens of apps"),
    setting("VESTIBULE_REFRESH_IDLE", "14d", "lifetime of a refresh token that is not used"),
    setting("VESTIBULE_REFRESH_MAX", "90d", "lifetime of an app's access to an account, however often it is refreshed"),
    setting(
        "VESTIBULE_REFRESH_GRACE",
        "30s",
        "for how long a used refresh token answers with its successor; 0s: its second use ends the access",
    ),
    setting("VESTIBULE_SIGNING_ROTATION", "90d", "for how long a key signs tokens before the next one does"),
    setting(
        "VESTIBULE_APPS_FILE",
        "",
        "TOML file with apps to add or change at the start, as `vestibule app apply` does",
    ),
    setting(
        "VESTIBULE_OUTBOUND_NETWORKS",
        "",
        "private networks (CIDR, separated by commas) in which apps may be called; unset: public addresses only",
    ),
    setting(
        "VESTIBULE_OUTBOUND_CA",
        "",
        "PEM file of certificate authorities that are trusted besides the public ones when apps are called",
    ),
    setting(
        "VESTIBULE_CLIENT_DOCUMENTS",
        "off",
        "clients that may describe themselves at an https address: off, any, or hosts, separated by commas",
    ),
    setting(
        "VESTIBULE_CLIENT_DOCUMENT_RESOURCES",
        "",
        "resources, separated by commas, that access tokens of such clients may be for; unset: none",
    ),
    setting(
        "VESTIBULE_SESSION_CACHE",
        "10000",
        "maximum number of sessions, and of access tokens, cached in memory; 0: every request queries the database",
    ),
];
