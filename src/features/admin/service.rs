//! The use cases. `by` identifies the actor.

use serde_json::json;

use super::model::{AdminError, Creation, FactorsReset};
use crate::{
    accounts::{
        self, Address, Corrector, FactorKind, Factors, Identifier, NewAccount, Role, SignedUp, User,
        links::{self, Purpose},
        setup,
    },
    audit::{Event, Recorder, Unit},
    features::{recovery, verification},
    limits,
    mail::NewEmail,
    sessions::{self, known_browsers, pending},
    signin::factor_change::FACTORS_CHANGED,
    types::{Email, Lang, SecretToken, UserId},
};

/// Finds an account by its username or its verified address. An unverified address finds no account, because anyone can
/// sign up with the address of someone else.
///
/// # Errors
/// [`AdminError::NoSuchAccount`].
pub async fn find(by: &Recorder, name: &str) -> Result<User, AdminError> {
    let mut connection = by.db.acquire().await?;
    let found = match Identifier::parse(name) {
        Identifier::Email(address) => accounts::find_owner(&mut connection, &address).await?,
        name => accounts::find_by_identifier(&mut connection, &name).await?,
    };
    found.ok_or_else(|| AdminError::NoSuchAccount(name.to_owned()))
}

/// Counts the factors of an account.
pub async fn factors(by: &Recorder, id: UserId) -> Result<Factors, AdminError> {
    Ok(accounts::factors(&mut *by.db.acquire().await?, id).await?)
}

/// Creates an account whose address counts as verified.
///
/// # Errors
/// If its username or address is taken.
pub async fn create(by: &Recorder, creation: &Creation) -> Result<UserId, AdminError> {
    let id = UserId::random();
    let account = NewAccount {
        id,
        username: &creation.username,
        display_name: creation.display_name.as_ref(),
        email: &creation.email,
        password_hash: &creation.password_hash,
        lang: None,
        role: creation.role,
        address: Address::Verified,
    };
    let mut unit = by.begin().await?;
    if creation.role == Role::Admin {
        setup::revoke(&mut unit).await?;
    }
    match accounts::create(&mut unit, &account).await? {
        SignedUp::Created => {}
        SignedUp::UsernameTaken => return Err(AdminError::UsernameTaken),
        SignedUp::EmailTaken => return Err(AdminError::EmailTaken),
    }
    unit.record(Event::SignedUp, id, None);
    if creation.role == Role::Admin {
        unit.record(role_changed(Role::Admin), id, None);
    }
    unit.commit().await?;
    Ok(id)
}

/// Disables an account: ends its sessions and its sign-ins in progress, and revokes its links and its trust in
/// browsers. Returns how many sessions were live.
///
/// # Errors
/// [`AdminError::NoSuchAccount`] and [`AdminError::LastAdministrator`].
pub async fn disable(by: &Recorder, id: UserId) -> Result<u64, AdminError> {
    let mut unit = by.begin().await?;
    lock_unless_last_administrator(&mut unit, id).await?;
    links::revoke(&mut unit, id, &Purpose::ALL).await?;
    accounts::set_disabled(&mut unit, id, true).await?;
    let ended = end_sign_ins(&mut unit, id).await?;
    unit.record(Event::Disabled, id, None);
    unit.commit().await?;
    Ok(ended)
}

/// Enables an account, and forgets the failed attempts counted against it.
///
/// # Errors
/// [`AdminError::NoSuchAccount`].
pub async fn enable(by: &Recorder, id: UserId) -> Result<(), AdminError> {
    let mut unit = by.begin().await?;
    if lock(&mut unit, id).await?.disabled_at.is_some() {
        // Sessions and links that were being created while the account was disabled must not become valid again.
        links::revoke(&mut unit, id, &Purpose::ALL).await?;
        end_sign_ins(&mut unit, id).await?;
    }
    accounts::set_disabled(&mut unit, id, false).await?;
    limits::forget(&mut unit, id).await?;
    unit.record(Event::Enabled, id, None);
    Ok(unit.commit().await?)
}

/// Ends every session of an account and every sign-in in progress, and revokes its trust in browsers. Returns how many
/// sessions were live.
///
/// # Errors
/// [`AdminError::NoSuchAccount`].
pub async fn reset_sessions(by: &Recorder, id: UserId) -> Result<u64, AdminError> {
    let mut unit = by.begin().await?;
    lock(&mut unit, id).await?;
    let count = end_sign_ins(&mut unit, id).await?;
    unit.record(Event::AllSessionsEnded { count }, id, None);
    unit.commit().await?;
    Ok(count)
}

/// Deletes every second factor of an account, for an owner who has lost them all: from now on the password, or a link
/// that sets one, is enough. Ends every session as [`reset_sessions`] does, and emails the owner (ASVS 6.4.6).
///
/// # Errors
/// [`AdminError::NoSuchAccount`].
pub async fn reset_factors(by: &Recorder, kinds: &[&FactorKind], id: UserId) -> Result<FactorsReset, AdminError> {
    let mut unit = by.begin().await?;
    let user = lock(&mut unit, id).await?;
    let factors = accounts::delete_factors(&mut unit, kinds, id, None).await?;
    let sessions = end_sign_ins(&mut unit, id).await?;
    accounts::forget_factor_limits(&mut unit, id).await?;
    unit.record(Event::FactorsReset, id, None);
    unit.email(&user.email(&FACTORS_CHANGED, Lang::default(), json!({ "change": "factors-reset" }))).await?;
    unit.commit().await?;
    Ok(FactorsReset { factors, sessions, has_password: user.password_changed_at.is_some() })
}

/// Sets an account's role; its sessions continue. Returns whether that changed anything.
///
/// # Errors
/// [`AdminError::NoSuchAccount`] and [`AdminError::LastAdministrator`].
pub async fn set_role(by: &Recorder, id: UserId, role: Role) -> Result<bool, AdminError> {
    let mut unit = by.begin().await?;
    match role {
        Role::Member => lock_unless_last_administrator(&mut unit, id).await?,
        Role::Admin => {
            setup::revoke(&mut unit).await?;
            lock(&mut unit, id).await?
        }
    };
    let changed = accounts::set_role(&mut unit, id, role).await?;
    if changed {
        unit.record(role_changed(role), id, None);
    }
    unit.commit().await?;
    Ok(changed)
}

/// Creates a link for the first administrator, and revokes the one before.
///
/// # Errors
/// [`AdminError::HasAdministrator`].
pub async fn setup_link(by: &Recorder) -> Result<SecretToken, AdminError> {
    let mut unit = by.begin().await?;
    let secret = setup::reissue(&mut unit).await?.ok_or(AdminError::HasAdministrator)?;
    unit.record_without_account(Event::SetupLinkIssued);
    unit.commit().await?;
    Ok(secret)
}

/// Emails the owner of an account a link that sets a new password. The administrator sees neither the link nor the
/// password (ASVS 6.4.6).
///
/// # Errors
/// [`AdminError::NoSuchAccount`] and [`AdminError::Disabled`].
pub async fn recover(by: &Recorder, id: UserId) -> Result<(), AdminError> {
    let mut unit = by.begin().await?;
    let user = lock(&mut unit, id).await?;
    if user.disabled_at.is_some() {
        return Err(AdminError::Disabled(user.username));
    }
    let email = user.email(&recovery::RECOVER, Lang::default(), json!({ "by": "operator" }));
    unit.email(&NewEmail { address: &user.username, ..email }).await?;
    unit.record(Event::RecoveryStarted, id, None);
    Ok(unit.commit().await?)
}

/// Corrects an address that was never verified, and mails the link that verifies it.
///
/// # Errors
/// [`AdminError::NoSuchAccount`], [`AdminError::Verified`], and [`AdminError::EmailTaken`] if it is another account's.
pub async fn correct_email(by: &Recorder, id: UserId, email: &Email) -> Result<(), AdminError> {
    let mut unit = by.begin().await?;
    accounts::lock_own_address(&mut unit, id).await?;
    let user = lock(&mut unit, id).await?;
    if accounts::find_owner(&mut unit, email.canonical()).await?.is_some_and(|owner| owner.id != id) {
        return Err(AdminError::EmailTaken);
    }
    if !accounts::correct_email(&mut unit, id, email, Corrector::Operator).await? {
        return Err(AdminError::Verified(user.username));
    }
    let link = user.email(&verification::VERIFY, Lang::default(), json!({ "by": "operator" }));
    verification::mail_link(&mut unit, id, &NewEmail { address: email.as_str(), ..link }).await?;
    Ok(unit.commit().await?)
}

fn role_changed(role: Role) -> Event {
    Event::RoleChanged { role: role.code().to_owned() }
}

/// Locks an account and reads it.
async fn lock(unit: &mut Unit, id: UserId) -> Result<User, AdminError> {
    accounts::lock(unit, id).await?;
    accounts::find(unit, id).await?.ok_or_else(|| AdminError::NoSuchAccount(id.to_string()))
}

/// Locks an account and reads it; refuses the last usable administrator.
async fn lock_unless_last_administrator(unit: &mut Unit, id: UserId) -> Result<User, AdminError> {
    let is_last = accounts::is_last_administrator(unit, id).await?;
    let user = lock(unit, id).await?;
    if is_last { Err(AdminError::LastAdministrator(user.username)) } else { Ok(user) }
}

/// Ends every session of a locked account and every sign-in in progress, and revokes its trust in browsers.
async fn end_sign_ins(unit: &mut Unit, id: UserId) -> sqlx::Result<u64> {
    pending::end_all(unit, id).await?;
    let ended = sessions::revoke_all(unit, id).await?;
    known_browsers::distrust(unit, id, None).await?;
    Ok(ended)
}
