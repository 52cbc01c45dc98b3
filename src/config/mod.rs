//! Settings. The only reader of the environment: everything else gets values.
//!
//! Every mistake is collected and reported at once, each with the name of its variable. A variable
//! `NAME` may also be given as `NAME_FILE`, the path of a file that holds the value.

mod accounts;
mod database;
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
pub use database::Database;
pub use environment::{Environment, Mistake, Mistakes};
pub use logging::{LogFormat, Logging};
pub use mail::{Mail, MailCredentials, MailServer, MailTls};
pub use network::Network;
pub use password::Passwords;
pub use secret::{Secret, SecretError, Secrets};
pub use session::Lifetimes;
pub use site::{PublicUrl, Site, is_loopback_url};

/// Everything an operator can set.
#[derive(Clone, Debug)]
pub struct Config {
    /// `VESTIBULE_DATA_DIR`: the embedded database and generated secrets.
    pub data_dir: PathBuf,
    /// What the service is called and where people reach it.
    pub site: Site,
    /// How letters leave.
    pub mail: Mail,
    /// Where it listens and which proxies it believes.
    pub network: Network,
    /// Which `PostgreSQL` holds the data.
    pub database: Database,
    /// Keys given by the operator; none means those kept in the data directory.
    pub secrets: Vec<Secret>,
    /// What an account must show before it is used.
    pub accounts: Accounts,
    /// How passwords are judged and hashed.
    pub passwords: Passwords,
    /// How long sessions live.
    pub lifetimes: Lifetimes,
    /// `VESTIBULE_SESSION_CACHE`: sessions kept in memory at most.
    pub session_cache: usize,
    /// How the log looks.
    pub logging: Logging,
    /// Variables that look like settings and are none.
    pub unknown: Vec<String>,
}

impl Config {
    /// Reads every setting.
    ///
    /// # Errors
    /// All mistakes together.
    pub fn read(environment: Environment) -> Result<Self, Mistakes> {
        let mut env = environment;
        let network = Network::read(&mut env);
        let site = Site::read(&mut env, network.listen);
        let config = Self {
            data_dir: env
                .parsed("VESTIBULE_DATA_DIR", "a folder's path", |text| Some(PathBuf::from(text)))
                .unwrap_or_else(|| "./data".into()),
            mail: Mail::read(&mut env, &site.public_url),
            site,
            network,
            database: Database::read(&mut env),
            secrets: Secrets::read(&mut env),
            accounts: Accounts::read(&mut env),
            passwords: Passwords::read(&mut env),
            lifetimes: Lifetimes::read(&mut env),
            session_cache: session::cache(&mut env),
            logging: Logging::read(&mut env),
            unknown: env.unknown(),
        };
        env.finish(config)
    }
}

/// One line of help for a setting, as `vestibule doctor` prints it and `.env.example` carries it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// What holds when it is not set.
    pub default: &'static str,
    /// What it means.
    pub help: &'static str,
}

/// Every setting that [`Config::read`] knows.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "DATABASE_URL",
        default: "",
        help: "PostgreSQL to use; unset: a private server that Vestibule runs",
    },
    Setting {
        name: "VESTIBULE_DATABASE_CONNECTIONS",
        default: "16",
        help: "most connections of a replica to PostgreSQL",
    },
    Setting {
        name: "VESTIBULE_POSTGRES_BIN",
        default: "",
        help: "folder of the PostgreSQL programs for the private server; unset: searched for",
    },
    Setting { name: "VESTIBULE_LISTEN", default: "127.0.0.1:8080", help: "address and port to listen on" },
    Setting {
        name: "VESTIBULE_PUBLIC_URL",
        default: "http://localhost:8080",
        help: "origin that visitors use; decides links, cookies and redirects",
    },
    Setting { name: "VESTIBULE_SERVICE_NAME", default: "Vestibule", help: "name on pages and in email" },
    Setting {
        name: "VESTIBULE_MAIL_URL",
        default: "",
        help: "mail server, smtps:// or smtp:// with user:password@host; unset: email is shown at /dev/mail",
    },
    Setting {
        name: "VESTIBULE_MAIL_FROM",
        default: "",
        help: "sender of email, such as Vestibule <no-reply@example.com>",
    },
    Setting {
        name: "VESTIBULE_DATA_DIR",
        default: "./data",
        help: "folder of the private server's data and the generated secret",
    },
    Setting {
        name: "VESTIBULE_SECRET",
        default: "",
        help: "keys of 32 or more characters, newest first, separated by commas; unset: one is generated in the data folder",
    },
    Setting {
        name: "VESTIBULE_TRUSTED_PROXIES",
        default: "",
        help: "networks (CIDR, separated by commas) whose X-Forwarded-For is trusted",
    },
    Setting {
        name: "VESTIBULE_METRICS_LISTEN",
        default: "",
        help: "address and port of the Prometheus metrics; unset: off",
    },
    Setting {
        name: "VESTIBULE_LOG",
        default: "info",
        help: "log filter: error, warn, info, debug, trace, or tracing directives",
    },
    Setting {
        name: "VESTIBULE_LOG_FORMAT",
        default: "",
        help: "pretty or json; unset: pretty on a terminal, otherwise json",
    },
    Setting {
        name: "VESTIBULE_REQUIRE_VERIFICATION",
        default: "true",
        help: "true: an account is usable once its email address is verified, within a week; false: at once",
    },
    Setting {
        name: "VESTIBULE_REQUIRE_SECOND_FACTOR",
        default: "no",
        help: "who must have a passkey or an authenticator app: no, admins or everyone; applies to open sessions too",
    },
    Setting {
        name: "VESTIBULE_ARGON2",
        default: "m=19456,t=2,p=1",
        help: "Argon2id cost of new hashes (PHC parameters); older hashes are upgraded at the next sign-in",
    },
    Setting { name: "VESTIBULE_HASH_WORKERS", default: "", help: "passwords hashed in parallel; unset: one per core" },
    Setting {
        name: "VESTIBULE_HASH_QUEUE",
        default: "64",
        help: "passwords that may wait; beyond that, sign-ins get 503",
    },
    Setting { name: "VESTIBULE_PASSWORD_MIN", default: "12", help: "minimum length of a new password, in characters" },
    Setting { name: "VESTIBULE_SESSION_IDLE", default: "1h", help: "idle limit of a session that is not remembered" },
    Setting { name: "VESTIBULE_SESSION_MAX", default: "12h", help: "lifetime of a session that is not remembered" },
    Setting { name: "VESTIBULE_SESSION_REMEMBERED", default: "30d", help: "lifetime of a remembered session" },
    Setting {
        name: "VESTIBULE_SESSION_CACHE",
        default: "10000",
        help: "most sessions cached in memory; 0: every request asks the database",
    },
];
