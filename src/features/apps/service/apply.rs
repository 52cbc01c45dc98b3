//! Applying a file of apps.

use super::{insert, issue, revoke, set_disabled, store_secret, update};
use crate::{
    apps::{
        self, App, ClientAuth,
        registry::{self, Registration, SecretRow},
    },
    audit::{Recorder, Unit},
    features::apps::model::{AppError, Applied, Checked, Entry, Mistake, Outcome},
    types::{AppId, AppToken},
};

/// How a file is applied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Apply {
    /// Apps without a secret get one, which the caller shows once.
    Issuing,
    /// The same, but nothing is written.
    DryRun,
    /// Nobody could be shown a secret: apps without one stay so.
    AtStart,
}

/// Makes the apps that a file names what it says, all of them or none. Apps that it does not name are left alone.
///
/// # Errors
/// [`AppError::InFile`] with the app and the field.
pub async fn apply(by: &Recorder, entries: &[Entry], how: Apply) -> Result<Vec<Applied>, AppError> {
    let mut unit = by.begin().await?;
    // Replicas that start at once apply the same file one after the other.
    registry::take_turns(&mut unit).await?;
    let mut done = Vec::new();
    for entry in entries {
        let applied = one(&mut unit, entry, how).await.map_err(|error| in_file(&entry.app.client_id, error))?;
        done.push(applied);
    }
    if how == Apply::DryRun {
        unit.rollback().await?;
    } else {
        unit.commit().await?;
    }
    Ok(done)
}

fn in_file(client_id: &str, error: AppError) -> AppError {
    match error {
        AppError::Mistake(mistake) => AppError::InFile(client_id.to_owned(), mistake),
        other => other,
    }
}

async fn one(unit: &mut Unit, entry: &Entry, how: Apply) -> Result<Applied, AppError> {
    let client_id = entry.app.client_id.clone();
    registry::lock(unit, &client_id).await?;
    let found = apps::find(unit, &client_id).await?;
    let (id, mut lines, mut notes) = match &found {
        None => (insert(unit, &Checked::new(entry.app.clone())?).await?, Vec::new(), Vec::new()),
        Some(app) => {
            let (after, notes) = merged(entry, app)?;
            (app.id, update(unit, app.id, &Registration::from(app), &after).await?, notes)
        }
    };
    let was_disabled = found.as_ref().is_some_and(|app| !app.is_enabled());
    lines.extend(switch(unit, id, entry, was_disabled).await?);
    let live = registry::secrets(unit, id).await?;
    lines.extend(keep_secrets(unit, id, entry, &live).await?);
    let is_missing = entry.app.kind.auth() == ClientAuth::Secret && live.is_empty() && entry.secrets.is_empty();
    let secret = if is_missing && how != Apply::AtStart { Some(issue(unit, id, &entry.app).await?) } else { None };
    match &secret {
        Some(_) => lines.push("secret: issued one".to_owned()),
        None if is_missing => notes.push(format!("no secret yet: `vestibule app secret add {client_id}` prints one")),
        None => {}
    }
    let outcome = match (found, lines.is_empty()) {
        (None, _) => Outcome::Added,
        (Some(_), true) => Outcome::Unchanged,
        (Some(_), false) => Outcome::Changed,
    };
    lines.extend(notes);
    Ok(Applied { client_id, outcome, lines, secret: secret.filter(|_| how == Apply::Issuing) })
}

/// What an app becomes. What the file leaves out and would let more people in stays as it is, and is said.
fn merged(entry: &Entry, app: &App) -> Result<(Checked, Vec<String>), AppError> {
    // What an app was granted as one kind must not be another's.
    if app.kind != entry.app.kind {
        let why = format!("it is a {} app; remove it first to change its kind", app.kind);
        return Err(Mistake::new("kind", why).into());
    }
    let (mut after, mut kept) = (entry.app.clone(), Vec::new());
    if !entry.names_groups && !app.groups.is_empty() {
        after.groups.clone_from(&app.groups);
        kept.push(format!("groups: not in the file, so unchanged ({})", app.groups.join(", ")));
    }
    if !entry.names_aal && app.min_aal != after.min_aal {
        after.min_aal = app.min_aal;
        kept.push(format!("min_aal: not in the file, so unchanged ({})", app.min_aal));
    }
    if entry.disabled.is_none() && !app.is_enabled() {
        kept.push("disabled: not in the file, so unchanged (yes)".to_owned());
    }
    Ok((Checked::new(after)?, kept))
}

async fn switch(unit: &mut Unit, id: AppId, entry: &Entry, was_disabled: bool) -> Result<Option<String>, AppError> {
    let Some(disabled) = entry.disabled.filter(|disabled| *disabled != was_disabled) else { return Ok(None) };
    set_disabled(unit, id, &entry.app.client_id, disabled).await?;
    Ok(Some(if disabled { "disabled: no -> yes" } else { "disabled: yes -> no" }.to_owned()))
}

/// Makes the secrets of an app those of its files, if it has any.
async fn keep_secrets(unit: &mut Unit, id: AppId, entry: &Entry, live: &[SecretRow]) -> Result<Vec<String>, AppError> {
    let mut lines = Vec::new();
    if entry.secrets.is_empty() {
        return Ok(lines);
    }
    let wanted: Vec<_> = entry.secrets.iter().map(AppToken::digest).collect();
    for secret in live {
        if !wanted.iter().any(|digest| digest.as_bytes() == secret.digest) {
            revoke(unit, &entry.app.client_id, secret).await?;
            lines.push(format!("secret: revoked the one that ends in {}", secret.hint));
        }
    }
    for (secret, digest) in entry.secrets.iter().zip(&wanted) {
        if !live.iter().any(|live| live.digest == digest.as_bytes()) {
            store_secret(unit, id, &entry.app, secret).await?;
            lines.push(format!("secret: added the one that ends in {}", secret.hint()));
        }
    }
    Ok(lines)
}
