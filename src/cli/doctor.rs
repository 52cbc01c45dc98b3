//! `vestibule doctor`: explains every setting and checks what they lead to.

use std::{path::Path, process::ExitCode};

use sqlx::{Connection as _, PgConnection};

use super::database;
use crate::{
    authn::relying_party,
    config::{Config, Mistakes, SETTINGS, Secrets},
    db,
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
    well &= report(&database(&config).await);
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

async fn database(config: &Config) -> Finding {
    let database = database::open(config).await.map_err(|error| error.to_string())?;
    let checked = async {
        let mut connection = PgConnection::connect_with(&database.options)
            .await
            .map_err(|error| format!("the database does not answer: {error}"))?;
        let version: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int")
            .fetch_one(&mut connection)
            .await
            .map_err(|error| error.to_string())?;
        if version < 150_000 {
            return Err(format!("PostgreSQL {} is too old: 15 or later is needed", version / 10_000));
        }
        match db::is_current(&mut connection).await {
            Ok(true) => Ok(format!("PostgreSQL {} answers and has this version's schema", version / 10_000)),
            Ok(false) => Ok(format!("PostgreSQL {} answers; the next start will migrate it", version / 10_000)),
            Err(error) => Err(error.to_string()),
        }
    };
    let finding = checked.await;
    database.close().await;
    finding
}
