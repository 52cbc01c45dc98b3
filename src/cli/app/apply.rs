//! `vestibule app apply`, and the same at the start of the service.

use std::path::Path;

use super::{CliError, endpoints, say};
use crate::{
    audit::Recorder,
    config::Config,
    features::apps::{self, AppError, Applied, Apply, Endpoints, Outcome},
};

/// Applies a file, and prints each change.
pub async fn apply(by: &Recorder, file: &Path, dry_run: bool, endpoints: &Endpoints) -> Result<(), CliError> {
    let how = if dry_run { Apply::DryRun } else { Apply::Issuing };
    let done = applied(by, file, how, endpoints).await?;
    if done.is_empty() {
        say!("{} names no apps.", file.display());
    }
    for app in &done {
        let what = match app.outcome {
            Outcome::Added => "added",
            Outcome::Changed => "changed",
            Outcome::Unchanged => "unchanged",
        };
        say!("{}: {what}", app.client_id);
        for line in &app.lines {
            say!("  {line}");
        }
        if let Some(secret) = &app.secret {
            say!("  client secret (shown once): {}", secret.reveal());
        }
    }
    if dry_run {
        say!("This was a dry run: nothing was changed.");
    }
    Ok(())
}

/// Applies the file of the settings, if there is one. Secrets are not printed: the log keeps what it is given.
pub async fn at_start(by: &Recorder, config: &Config) -> Result<(), CliError> {
    let Some(file) = &config.apps.file else { return Ok(()) };
    let done = applied(by, file, Apply::AtStart, &endpoints(config)).await;
    for app in done.map_err(|error| format!("{error}\nVESTIBULE_APPS_FILE was not applied, and nothing was changed"))? {
        let client_id = &app.client_id;
        if app.outcome == Outcome::Added {
            tracing::info!(client_id, "added an app of VESTIBULE_APPS_FILE");
        }
        for line in &app.lines {
            tracing::info!(client_id, "app of VESTIBULE_APPS_FILE: {line}");
        }
    }
    Ok(())
}

async fn applied(by: &Recorder, file: &Path, how: Apply, endpoints: &Endpoints) -> Result<Vec<Applied>, CliError> {
    let entries = apps::read_file(file, endpoints).map_err(|mistakes| mistakes.join("\n"))?;
    let in_file = |error| match error {
        error @ AppError::InFile(..) => format!("{}: {error}", file.display()).into(),
        error => CliError::from(error),
    };
    apps::apply(by, &entries, how).await.map_err(in_file)
}
