//! `vestibule doctor`: explains every setting, and checks that they work.

use std::{path::Path, process::ExitCode};

use sqlx::{Connection as _, PgConnection};

use super::{database, serve::unreadable_seeds};
use crate::{
    config::{Config, Mistakes, SETTINGS, SecondFactor, Secrets},
    crypto::sealing::SealingKeys,
    db,
    features::totp::{self, Seeds},
    mail::{Mailer, Timeouts},
};

/// Prints the settings, then one line for each check; exits with 1 if one failed.
pub async fn run(config: Result<Config, Mistakes>) -> ExitCode {
    println!("Settings (environment variables or the file .env; NAME_FILE is a file that holds the value):\n");
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { String::new() } else { format!(" [{}]", setting.default) };
        println!("  {:<32} {}{default}", setting.name, setting.help);
    }
    println!("\nChecks:\n");
    let config = match config {
        Ok(config) => config,
        Err(mistakes) => {
            report(&mistakes.0.iter().map(|mistake| Err(mistake.to_string())).collect::<Vec<_>>());
            return ExitCode::FAILURE;
        }
    };
    let mut well = report(&settings(&config));
    well &= report(&[mail(&config).await]);
    well &= report(&database(&config).await);
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

type Finding = Result<String, String>;

/// Prints findings. Returns whether all are good.
fn report(findings: &[Finding]) -> bool {
    for finding in findings {
        match finding {
            Ok(text) => println!("  ok     {text}"),
            Err(text) => println!("  wrong  {text}"),
        }
    }
    findings.iter().all(Result::is_ok)
}

fn settings(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Ok("all settings are valid".to_owned())];
    findings.extend(config.unknown.iter().map(|name| Err(format!("{name} is not a setting and is ignored"))));
    let public_url = &config.site.public_url;
    findings.push(Ok(format!("the service is at {}", public_url.origin())));
    if public_url.is_https() && config.network.trusted_proxies.is_empty() {
        findings.push(Err("VESTIBULE_TRUSTED_PROXIES is not set, but the public URL is https, which needs a proxy: \
             all visitors would share the proxy's limits"
            .to_owned()));
    }
    findings.push(Ok(match config.accounts.require_second_factor {
        SecondFactor::Optional => "two-step verification is optional",
        SecondFactor::Administrators => "two-step verification is required of administrators",
        SecondFactor::Everyone => "two-step verification is required of everyone",
    }
    .to_owned()));
    if !config.site.has_passkeys() {
        findings.push(Ok(format!("passkeys are unavailable: {} is an IP address, not a name", public_url.host())));
    }
    if config.secrets.is_empty() {
        findings.push(kept_key(&config.data_dir.join("secret"), config));
    }
    findings
}

/// Checks the key in the data folder. The first start creates it, a check does not.
fn kept_key(path: &Path, config: &Config) -> Finding {
    if path.exists() {
        Secrets::given_or_kept(&[], &config.data_dir).map_err(|error| error.to_string())?;
    }
    Ok(format!(
        "VESTIBULE_SECRET is not set: the key is in {}; replicas on other machines need the same one",
        path.display()
    ))
}

/// Connects to the mail server and signs in; sends nothing.
async fn mail(config: &Config) -> Finding {
    let mailer = Mailer::new(&config.mail, &config.site.public_url).map_err(|error| error.to_string())?;
    if mailer.keeps_email_here() {
        return Ok("VESTIBULE_MAIL_URL is not set: email is shown at /dev/mail".to_owned());
    }
    let server = mailer.destination();
    match mailer.check(&Timeouts::default()).await {
        Ok(()) => Ok(format!("the mail server {server} accepts us")),
        Err(failure) => Err(format!("the mail server {server} cannot be used: {}", failure.reason())),
    }
}

async fn database(config: &Config) -> Vec<Finding> {
    let database = match database::open(config).await {
        Ok(database) => database,
        Err(error) => return vec![Err(error.to_string())],
    };
    let findings = match PgConnection::connect_with(&database.options).await {
        Ok(mut connection) => match schema(&mut connection).await {
            Ok((text, true)) => vec![Ok(text), seeds(&mut connection, config).await],
            schema => vec![schema.map(|(text, _)| text)],
        },
        Err(error) => vec![Err(format!("the database does not answer: {error}"))],
    };
    database.close().await;
    findings
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
async fn seeds(connection: &mut PgConnection, config: &Config) -> Finding {
    let keys = if config.secrets.is_empty() && !config.data_dir.join("secret").exists() {
        SealingKeys::none()
    } else {
        let secrets = Secrets::given_or_kept(&config.secrets, &config.data_dir);
        SealingKeys::derive(&secrets.map_err(|error| error.to_string())?)
    };
    match totp::seeds(connection, &keys).await.map_err(|error| error.to_string())? {
        Seeds::Newest => Ok("every seed of an authenticator app is sealed with the newest key".to_owned()),
        Seeds::Older => Ok("some seeds of authenticator apps still need an older key: keep it in VESTIBULE_SECRET \
                            until a running service has re-encrypted them, within minutes"
            .to_owned()),
        Seeds::Shut(keys) => Err(unreadable_seeds(&keys)),
    }
}
