//! The use cases. `by` says who acts.

mod apply;

use super::model::{AppError, Checked, Mistake, changes};
use crate::{
    apps::{
        self, App, AppKind, ClientAuth, grants,
        registry::{self, AddressKind, Registration, SecretRow},
    },
    audit::{Event, Recorder, Unit},
    db,
    types::{AppId, AppToken, TokenKind},
};

pub use apply::{Apply, apply};

/// Finds an app by its client id, or by its name if no other has it.
///
/// # Errors
/// [`AppError::NoSuchApp`] and [`AppError::Ambiguous`].
pub async fn find(by: &Recorder, name: &str) -> Result<App, AppError> {
    let mut connection = by.db.acquire().await?;
    if let Some(app) = apps::find(&mut connection, name).await? {
        return Ok(app);
    }
    let named = registry::client_ids(&mut connection, Some(name)).await?;
    let missing = || AppError::NoSuchApp(name.to_owned());
    match &named[..] {
        [one] => apps::find(&mut connection, one).await?.ok_or_else(missing),
        [] => Err(missing()),
        several => Err(AppError::Ambiguous(name.to_owned(), several.join(", "))),
    }
}

/// Lists all apps.
pub async fn list(by: &Recorder) -> Result<Vec<App>, AppError> {
    let mut connection = by.db.acquire().await?;
    let mut list = Vec::new();
    for client_id in registry::client_ids(&mut connection, None).await? {
        list.extend(apps::find(&mut connection, &client_id).await?);
    }
    Ok(list)
}

/// The secrets of an app, the oldest first.
pub async fn secrets(by: &Recorder, id: AppId) -> Result<Vec<SecretRow>, AppError> {
    Ok(registry::secrets(&mut *by.db.acquire().await?, id).await?)
}

/// Adds an app. Returns its secret if its kind has one.
///
/// # Errors
/// When its client id or one of its gates is another app's, or a group does not exist.
pub async fn add(by: &Recorder, app: &Checked) -> Result<Option<AppToken>, AppError> {
    let mut unit = by.begin().await?;
    let id = insert(&mut unit, app).await?;
    let secret = if app.kind.auth() == ClientAuth::Secret { Some(issue(&mut unit, id, app).await?) } else { None };
    unit.commit().await?;
    Ok(secret)
}

/// Changes an app, and returns what that changed.
///
/// # Errors
/// When the changed registration breaks a rule.
pub async fn change(
    by: &Recorder,
    client_id: &str,
    edit: impl FnOnce(&mut Registration) -> Result<(), AppError>,
) -> Result<Vec<String>, AppError> {
    let mut unit = by.begin().await?;
    let (id, before) = lock(&mut unit, client_id).await?;
    let mut after = before.clone();
    edit(&mut after)?;
    let lines = update(&mut unit, id, &before, &Checked::new(after)?).await?;
    unit.commit().await?;
    Ok(lines)
}

/// Disables an app and ends its grants. Returns how many were live.
///
/// # Errors
/// [`AppError::NoSuchApp`].
pub async fn disable(by: &Recorder, client_id: &str) -> Result<u64, AppError> {
    let mut unit = by.begin().await?;
    let id = lock_any(&mut unit, client_id).await?;
    let ended = set_disabled(&mut unit, id, client_id, true).await?;
    unit.commit().await?;
    Ok(ended)
}

/// Enables an app. Its grants stay ended: people sign in again.
///
/// # Errors
/// [`AppError::NoSuchApp`].
pub async fn enable(by: &Recorder, client_id: &str) -> Result<(), AppError> {
    let mut unit = by.begin().await?;
    let id = lock_any(&mut unit, client_id).await?;
    set_disabled(&mut unit, id, client_id, false).await?;
    Ok(unit.commit().await?)
}

/// Removes an app with its grants. Returns how many were live.
///
/// # Errors
/// [`AppError::NoSuchApp`].
pub async fn remove(by: &Recorder, client_id: &str) -> Result<u64, AppError> {
    let mut unit = by.begin().await?;
    let id = lock_any(&mut unit, client_id).await?;
    let ended = grants::end_of_app(&mut unit, id).await?;
    registry::delete(&mut unit, id).await?;
    unit.record_without_account(Event::AppRemoved { client_id: client_id.to_owned() });
    unit.commit().await?;
    Ok(ended)
}

/// Issues another secret. The ones before stay.
///
/// # Errors
/// [`AppError::TwoSecrets`] if there are two already.
pub async fn issue_secret(by: &Recorder, client_id: &str) -> Result<AppToken, AppError> {
    let mut unit = by.begin().await?;
    let (id, app) = lock(&mut unit, client_id).await?;
    let secret = issue(&mut unit, id, &app).await?;
    unit.commit().await?;
    Ok(secret)
}

/// Revokes the secret that ends so; of two, the older one.
///
/// # Errors
/// [`AppError::NoSuchSecret`].
pub async fn revoke_secret(by: &Recorder, client_id: &str, hint: &str) -> Result<(), AppError> {
    let mut unit = by.begin().await?;
    let (id, app) = lock(&mut unit, client_id).await?;
    let secrets = registry::secrets(&mut unit, id).await?;
    let missing = || AppError::NoSuchSecret(app.client_id.clone(), hint.to_owned());
    let secret = secrets.iter().find(|secret| secret.hint == hint).ok_or_else(missing)?;
    revoke(&mut unit, client_id, secret).await?;
    Ok(unit.commit().await?)
}

/// Locks an app that the operator registered, and reads it.
async fn lock(unit: &mut Unit, client_id: &str) -> Result<(AppId, Registration), AppError> {
    let id = lock_any(unit, client_id).await?;
    let app = apps::find_by_id(unit, id).await?.ok_or_else(|| AppError::NoSuchApp(client_id.to_owned()))?;
    if app.kind == AppKind::Document {
        return Err(AppError::DescribesItself(app.client_id));
    }
    Ok((id, Registration::from(&app)))
}

async fn lock_any(unit: &mut Unit, client_id: &str) -> Result<AppId, AppError> {
    registry::lock(unit, client_id).await?.ok_or_else(|| AppError::NoSuchApp(client_id.to_owned()))
}

async fn insert(unit: &mut Unit, app: &Checked) -> Result<AppId, AppError> {
    let id = AppId::random();
    registry::insert(unit, id, app).await.map_err(|error| taken(error, app))?;
    write_lists(unit, id, None, app).await?;
    unit.record_without_account(Event::AppAdded { client_id: app.client_id.clone() });
    Ok(id)
}

/// Writes what changed. Returns it in words.
async fn update(unit: &mut Unit, id: AppId, before: &Registration, after: &Checked) -> Result<Vec<String>, AppError> {
    let lines = changes(before, after);
    if !lines.is_empty() {
        registry::update(unit, id, after).await?;
        write_lists(unit, id, Some(before), after).await?;
        unit.record_without_account(Event::AppChanged { client_id: after.client_id.clone() });
    }
    Ok(lines)
}

async fn write_lists(unit: &mut Unit, id: AppId, before: Option<&Registration>, app: &Checked) -> Result<(), AppError> {
    type List = fn(&Registration) -> &Vec<String>;
    let lists: [(AddressKind, List); 4] = [
        (AddressKind::Redirect, |app| &app.redirects),
        (AddressKind::PostLogout, |app| &app.post_logouts),
        (AddressKind::Origin, |app| &app.origins),
        (AddressKind::Gate, |app| &app.gates),
    ];
    for (kind, list) in lists {
        let was: &[String] = before.map_or(&[], |before| list(before));
        if was != list(app) {
            registry::set_addresses(unit, id, kind, list(app)).await.map_err(|error| taken(error, app))?;
        }
    }
    let held = registry::hold_groups(unit, &app.groups).await?;
    if let Some(missing) = app.groups.iter().find(|group| !held.contains(group)) {
        let why = format!("there is no group {missing:?}; `vestibule group add {missing}` creates it");
        return Err(Mistake::new("groups", why).into());
    }
    if before.map_or(&[][..], |before| &before.groups[..]) != app.groups {
        registry::set_groups(unit, id, &app.groups).await?;
    }
    Ok(())
}

fn taken(error: sqlx::Error, app: &Registration) -> AppError {
    if db::is_taken(&error, "apps_client_id_unique") {
        let why = format!("there is already an app with the client id {}; choose another with --id", app.client_id);
        return Mistake::new("id", why).into();
    }
    if db::is_taken(&error, "app_addresses_gate_unique") {
        return Mistake::new("gates", "another app protects one of these origins already").into();
    }
    error.into()
}

/// Returns how many live grants that ended.
async fn set_disabled(unit: &mut Unit, id: AppId, client_id: &str, disabled: bool) -> Result<u64, AppError> {
    let changed = registry::set_disabled(unit, id, disabled).await?;
    // Also when it is enabled: what was being granted as it was disabled must not come back to life.
    let ended = if changed || disabled { grants::end_of_app(unit, id).await? } else { 0 };
    let client_id = client_id.to_owned();
    match (changed, disabled) {
        (false, _) => {}
        (true, true) => unit.record_without_account(Event::AppDisabled { client_id }),
        (true, false) => unit.record_without_account(Event::AppEnabled { client_id }),
    }
    Ok(ended)
}

async fn issue(unit: &mut Unit, id: AppId, app: &Registration) -> Result<AppToken, AppError> {
    let secret = AppToken::random(TokenKind::Secret);
    store_secret(unit, id, app, &secret).await?;
    Ok(secret)
}

async fn store_secret(unit: &mut Unit, id: AppId, app: &Registration, secret: &AppToken) -> Result<(), AppError> {
    if app.kind.auth() != ClientAuth::Secret {
        return Err(AppError::WithoutSecrets(app.client_id.clone(), app.kind.code()));
    }
    let live = registry::secrets(unit, id).await?;
    let full = || {
        let oldest = live.first().map_or_else(|| "HINT".to_owned(), |secret| secret.hint.clone());
        AppError::TwoSecrets(app.client_id.clone(), oldest)
    };
    if let Err(error) = registry::insert_secret(unit, id, &secret.digest(), secret.hint()).await {
        return Err(if registry::is_third_secret(&error) {
            full()
        } else if db::is_taken(&error, "app_secrets_digest_unique") {
            Mistake::new("secret_file", "another app has the same secret").into()
        } else {
            error.into()
        });
    }
    let client_id = app.client_id.clone();
    unit.record_without_account(Event::AppSecretIssued { client_id });
    Ok(())
}

async fn revoke(unit: &mut Unit, client_id: &str, secret: &SecretRow) -> sqlx::Result<()> {
    registry::delete_secret(unit, &secret.digest).await?;
    unit.record_without_account(Event::AppSecretRevoked { client_id: client_id.to_owned() });
    Ok(())
}
