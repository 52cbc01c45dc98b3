//! `vestibule doctor`: explains every setting and checks what they lead to.

use std::{path::Path, process::ExitCode};

use sqlx::{Connection as _, PgConnection};

use super::{database, serve::shut_seeds};
use crate::{
    config::{Config, Mistakes, SETTINGS, SecondFactor, Secrets},
    crypto::sealing::SealingKeys,
    db,
    features::{
        passkeys::relying_party,
        totp::{self, Seeds},
    },
    mail::{Mailer, Timeouts},
    types::Entropy,
};

/// Prints the settings, then one line for each check; fails when one of them did.
pub async fn run(config: Result<Config, Mistakes>) -> ExitCode {
    println!("Settings (environment, or the file .env; NAME_FILE names a file that holds the value):\n");
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { String::new() } else { format!(" [{}]", setting.default) };
        println!("  {:<32} {}{default}", setting.name, setting.help);
    }
    println!("\nChecks:\n");
    let config = match config {
        Ok(config) => config,
        Err(mistakes) => {
            for mistake in mistakes.0 {
                report(&Err(format!("{}: {}", mistake.name, mistake.reason)));
            }
            return ExitCode::FAILURE;
        }
    };
    let mut well = true;
    for finding in settings(&config) {
        well &= report(&finding);
    }
    well &= report(&mail(&config).await);
    for finding in database(&config).await {
        well &= report(&finding);
    }
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

type Finding = Result<String, String>;

fn report(finding: &Finding) -> bool {
    match finding {
        Ok(text) => println!("  ok     {text}"),
        Err(text) => println!("  wrong  {text}"),
    }
    finding.is_ok()
}

fn settings(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Ok("every setting can be read".to_owned())];
    findings.extend(config.unknown.iter().map(|name| Err(format!("{name} is not a setting and does nothing"))));
    let public_url = &config.site.public_url;
    findings.push(Ok(format!("people reach it at {}", public_url.origin())));
    if public_url.is_https() && config.network.trusted_proxies.is_empty() {
        findings.push(Err(
            "the public URL is https, so a proxy stands in front, but VESTIBULE_TRUSTED_PROXIES is not set: \
             every visitor would share the proxy's limits"
                .to_owned(),
        ));
    }
    findings.push(Ok(match config.accounts.require_second_factor {
        SecondFactor::Optional => "a second factor is everybody's own choice",
        SecondFactor::Administrators => "administrators have to have a second factor",
        SecondFactor::Everyone => "everybody has to have a second factor",
    }
    .to_owned()));
    if relying_party(&config.site).is_none() {
        findings.push(Ok(format!("{} is no name, so passkeys are not offered", public_url.host())));
    }
    if config.secrets.is_empty() {
        findings.push(kept_key(&config.data_dir.join("secret"), config));
    }
    findings
}

/// A key that is there must be usable; one that is not there is made by the first start, not by a check.
fn kept_key(path: &Path, config: &Config) -> Finding {
    if path.exists() {
        Secrets::given_or_kept(&[], &config.data_dir, Entropy).map_err(|error| error.to_string())?;
    }
    Ok(format!(
        "VESTIBULE_SECRET is not set: the key is kept in {}; replicas on other machines need the same one",
        path.display()
    ))
}

/// Says hello to the mail server, and who we are; sends nothing.
async fn mail(config: &Config) -> Finding {
    let mailer = Mailer::new(&config.mail, &config.site.public_url).map_err(|error| error.to_string())?;
    if mailer.keeps_letters_here() {
        return Ok("VESTIBULE_MAIL_URL is not set: mail is shown at /dev/mail".to_owned());
    }
    let to = mailer.destination();
    match mailer.check(&Timeouts::default()).await {
        Ok(()) => Ok(format!("the mail server {to} answers and takes us")),
        Err(failure) => Err(format!("the mail server {to} cannot be used: {}", failure.reason())),
    }
}

async fn database(config: &Config) -> Vec<Finding> {
    let database = match database::open(config).await {
        Ok(database) => database,
        Err(error) => return vec![Err(error.to_string())],
    };
    let mut findings = Vec::new();
    match PgConnection::connect_with(&database.options).await {
        Ok(mut connection) => {
            let schema = schema(&mut connection).await;
            let is_current = matches!(&schema, Ok((_, true)));
            findings.push(schema.map(|(text, _)| text));
            if is_current {
                findings.push(seeds(&mut connection, config).await);
            }
            connection.close().await.ok();
        }
        Err(error) => findings.push(Err(format!("the database does not answer: {error}"))),
    }
    database.close().await;
    findings
}

/// What answers, and whether it has this version's schema.
async fn schema(connection: &mut PgConnection) -> Result<(String, bool), String> {
    let version: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int")
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| error.to_string())?;
    if version < 150_000 {
        return Err(format!("PostgreSQL {} is too old: 15 or later is needed", version / 10_000));
    }
    let is_current = db::is_current(connection).await.map_err(|error| error.to_string())?;
    let what = if is_current { " and has this version's schema" } else { "; the next start will migrate it" };
    Ok((format!("PostgreSQL {} answers{what}", version / 10_000), is_current))
}

/// Whether the keys open what is sealed in the database. A key that is still to be made opens nothing.
async fn seeds(connection: &mut PgConnection, config: &Config) -> Finding {
    let keys = if config.secrets.is_empty() && !config.data_dir.join("secret").exists() {
        SealingKeys::none()
    } else {
        let secrets = Secrets::given_or_kept(&config.secrets, &config.data_dir, Entropy);
        SealingKeys::derive(&secrets.map_err(|error| error.to_string())?)
    };
    match totp::seeds(connection, &keys).await.map_err(|error| error.to_string())? {
        Seeds::Newest => Ok("no seed of an authenticator app needs any but the newest key".to_owned()),
        Seeds::Older => Ok("some seeds of authenticator apps still need an older key: keep it in VESTIBULE_SECRET \
                            until a running service has sealed them anew, within minutes"
            .to_owned()),
        Seeds::Shut(keys) => Err(shut_seeds(&keys)),
    }
}
