//! `vestibule doctor`: explains every setting, and checks that they work.

use std::process::ExitCode;

use sqlx::{Connection as _, PgConnection};

use super::{counted, database, output::say, serve::unreadable_seeds};
use crate::{
    apps::keys,
    config::{Config, MailServer, Mistakes, SETTINGS, SecondFactor, SecretError, Secrets},
    crypto::sealing::{SealedWith, SealingKeys},
    db,
    features::{
        apps::{self, Endpoints},
        totp,
    },
    mail::{Mailer, Timeouts},
};

/// Prints the settings, then one line for each check; exits with 1 if one failed.
pub async fn run(config: Result<Config, Mistakes>) -> ExitCode {
    say!("Settings (environment variables or the file .env; NAME_FILE is a file that holds the value):\n");
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { String::new() } else { format!(" [{}]", setting.default) };
        say!("  {:<32} {}{default}", setting.name, setting.help);
    }
    say!("\nChecks:\n");
    let config = match config {
        Ok(config) => config,
        Err(mistakes) => {
            report(&mistakes.0.iter().map(|mistake| Finding::Wrong(mistake.to_string())).collect::<Vec<_>>());
            return ExitCode::FAILURE;
        }
    };
    let mut well = report(&settings(&config));
    well &= report(&mail(&config).await);
    well &= report(&database(&config).await);
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a check found.
pub(super) enum Finding {
    Good(String),
    /// A deliberate setting that weakens security; not an error.
    Warning(String),
    Wrong(String),
}

impl From<Result<String, String>> for Finding {
    fn from(checked: Result<String, String>) -> Self {
        checked.map_or_else(Self::Wrong, Self::Good)
    }
}

/// Prints findings. Returns whether none is wrong.
pub(super) fn report(findings: &[Finding]) -> bool {
    for finding in findings {
        match finding {
            Finding::Good(text) => say!("  ok     {text}"),
            Finding::Warning(text) => say!("  warn   {text}"),
            Finding::Wrong(text) => say!("  wrong  {text}"),
        }
    }
    !findings.iter().any(|finding| matches!(finding, Finding::Wrong(_)))
}

fn settings(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::Good("all settings are valid".to_owned())];
    let unknown = |name: &String| Finding::Wrong(format!("{name} is not a setting and is ignored"));
    findings.extend(config.unknown.iter().map(unknown));
    let public_url = &config.site.public_url;
    findings.push(Finding::Good(format!("the service is at {}", public_url.origin())));
    if public_url.is_https() && config.network.trusted_proxies.is_empty() {
        let alone = "VESTIBULE_TRUSTED_PROXIES is not set, but the public URL is https, which needs a proxy: \
                     all visitors would share the proxy's limits";
        findings.push(Finding::Wrong(alone.to_owned()));
    }
    let second_factor = match config.accounts.require_second_factor {
        SecondFactor::Optional => "two-step verification is optional",
        SecondFactor::Administrators => "two-step verification is required of administrators",
        SecondFactor::Everyone => "two-step verification is required of everyone",
    };
    findings.push(Finding::Good(second_factor.to_owned()));
    if !config.site.has_passkeys() {
        let host = public_url.host();
        findings.push(Finding::Good(format!("passkeys are unavailable: {host} is an IP address, not a name")));
    }
    if config.secrets.is_empty() {
        findings.extend(kept_key(config));
    }
    findings.extend(apps_file(config));
    findings
}

/// Checks the file of apps, as far as that is possible without the database.
fn apps_file(config: &Config) -> Vec<Finding> {
    let Some(file) = &config.apps.file else { return Vec::new() };
    let endpoints = Endpoints { issuer: config.site.public_url.origin() };
    match apps::read_file(file, &endpoints) {
        Ok(entries) => {
            let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
            vec![Finding::Good(format!("VESTIBULE_APPS_FILE describes {}", counted(count, "app")))]
        }
        Err(mistakes) => mistakes.into_iter().map(Finding::Wrong).collect(),
    }
}

/// Checks the key in the data folder. The first start creates it, a check does not.
fn kept_key(config: &Config) -> Vec<Finding> {
    let path = Secrets::path(&config.data_dir);
    if path.exists()
        && let Err(error) = Secrets::existing(&[], &config.data_dir)
    {
        return vec![Finding::Wrong(error.to_string())];
    }
    let path = path.display();
    let unset = "VESTIBULE_SECRET is not set";
    let mut findings =
        vec![Finding::Good(format!("{unset}: the key is in {path}; replicas on other machines need the same one"))];
    if Secrets::is_kept_for_a_group(&config.data_dir) {
        findings.push(Finding::Warning(format!("users of the group of {path} can read the key")));
    }
    findings
}

/// Connects to the mail server and signs in; sends nothing.
async fn mail(config: &Config) -> Vec<Finding> {
    let mailer = match Mailer::new(&config.mail, &config.site.public_url) {
        Ok(mailer) => mailer,
        Err(error) => return vec![Finding::Wrong(error.to_string())],
    };
    if mailer.keeps_email_here() {
        return vec![Finding::Good("VESTIBULE_MAIL_URL is not set: email is shown at /dev/mail".to_owned())];
    }
    let server = mailer.destination();
    let mut findings = vec![match mailer.check(&Timeouts::default()).await {
        Ok(()) => Finding::Good(format!("the mail server {server} accepts our connection")),
        Err(failure) => Finding::Wrong(format!("the mail server {server} cannot be used: {}", failure.reason())),
    }];
    if config.mail.server.as_ref().is_some_and(MailServer::is_in_clear) {
        let what = "tls=none: email is sent without TLS. Anyone who reads the network can open links in it";
        findings.push(Finding::Warning(what.to_owned()));
    }
    findings
}

async fn database(config: &Config) -> Vec<Finding> {
    let database = match database::find(config).await {
        Ok(Some(database)) => database,
        Ok(None) => return vec![first_start(config).await.into()],
        Err(error) => return vec![Finding::Wrong(error.to_string())],
    };
    let findings = match PgConnection::connect_with(&database.options).await {
        Ok(mut connection) => match schema(&mut connection).await {
            Ok((text, true)) => {
                let mut findings = vec![Finding::Good(text)];
                findings.extend(sealed(&mut connection, config).await);
                findings
            }
            schema => vec![schema.map(|(text, _)| text).into()],
        },
        Err(error) => vec![Finding::Wrong(db::MigrateError::from(error).to_string())],
    };
    database.close().await;
    findings
}

/// Says what the first start will do; creates nothing.
async fn first_start(config: &Config) -> Result<String, String> {
    let place = database::first_start(config).await.map_err(|error| error.to_string())?;
    Ok(format!(
        "there is no database here yet: the first start creates one in {place}. If the service runs elsewhere, run this \
         there, or set VESTIBULE_DATA_DIR or DATABASE_URL"
    ))
}

/// Checks the server's version. Returns also whether its schema is current.
async fn schema(connection: &mut PgConnection) -> Result<(String, bool), String> {
    let version = db::server_version(connection).await.map_err(|error| error.to_string())?;
    if version < 15 {
        return Err(format!("PostgreSQL {version} is too old: 15 or later is needed"));
    }
    let is_current = db::is_current(connection).await.map_err(|error| error.to_string())?;
    let state = if is_current { "is up to date" } else { "is out of date; the next start will migrate it" };
    Ok((format!("PostgreSQL {version} answers, and its schema {state}"), is_current))
}

/// Checks that the keys decrypt what is sealed in the database. A key that does not exist yet decrypts nothing.
async fn sealed(connection: &mut PgConnection, config: &Config) -> Vec<Finding> {
    let sealing = match Secrets::existing(&config.secrets, &config.data_dir) {
        Ok(secrets) => SealingKeys::derive(&secrets),
        Err(SecretError::Missing(_)) => SealingKeys::none(),
        Err(error) => return vec![Finding::Wrong(error.to_string())],
    };
    let unread = |error: sqlx::Error| Finding::Wrong(error.to_string());
    let seeds = totp::seeds(connection, &sealing).await.map_or_else(unread, seeds);
    let signing_keys = keys::sealed(connection, &sealing).await.map_or_else(unread, signing_keys);
    vec![seeds, signing_keys]
}

fn seeds(sealed: SealedWith) -> Finding {
    match sealed {
        SealedWith::Newest => {
            Finding::Good("every seed of an authenticator app is sealed with the newest key".to_owned())
        }
        SealedWith::Older => Finding::Good(
            "some seeds of authenticator apps still need an older key: keep it in VESTIBULE_SECRET until a running \
             service has re-encrypted them, within minutes"
                .to_owned(),
        ),
        SealedWith::Shut(keys) => Finding::Wrong(unreadable_seeds(&keys)),
    }
}

fn signing_keys(sealed: SealedWith) -> Finding {
    match sealed {
        SealedWith::Newest => Finding::Good("every signing key is sealed with the newest key".to_owned()),
        SealedWith::Older => Finding::Good(
            "some signing keys still need an older key: keep it in VESTIBULE_SECRET until a running service has \
             re-encrypted them, within minutes"
                .to_owned(),
        ),
        SealedWith::Shut(keys) => Finding::Warning(format!(
            "some signing keys were sealed with another key (its id: {}): they sign nothing, and the service creates \
             others. What they signed is still accepted; \"vestibule keys list\" names them",
            keys.join(", ")
        )),
    }
}
