//! The use case: undoing an address change, from the old mailbox.

use serde_json::json;

use super::{end_links, store};
use crate::{
    accounts::{
        self, EMAIL_UNIQUE,
        links::{self, Link, Purpose},
    },
    audit::{Event, Unit},
    db::is_taken,
    limits,
    sessions::{self, known_browsers},
    signin::factor_change::FACTORS_CHANGED,
    state::AppState,
    types::{Email, Request, SecretToken, UserId},
    web::AppError,
};

/// Finds what the browser's link would undo: the username and the address.
pub async fn open(state: &AppState, link: Option<&SecretToken>) -> Result<Option<(String, String)>, AppError> {
    let mut connection = state.db.acquire().await?;
    let peeked = links::peek(&mut connection, Purpose::UndoEmail, link).await?;
    let Some((Link { user_id, address }, user)) = peeked else { return Ok(None) };
    let replaced_at = store::replaced_at(&mut connection, user_id, &address).await?;
    Ok(replaced_at.map(|_| (user.username, address)))
}

/// The result of undoing a change.
#[must_use]
#[derive(Debug)]
pub enum Undone {
    /// The account has the address back. The token `recover` sets a new password.
    Done { user_id: UserId, recover: SecretToken, factors_deleted: bool },
    /// The link no longer works.
    LinkExpired,
    /// This address was verified for another account meanwhile.
    Taken(String),
}

/// Restores the address, and revokes all access of the person who changed it.
pub async fn undo(state: &AppState, request: &Request, link: Option<&SecretToken>) -> Result<Undone, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    let peeked = links::peek(&mut unit, Purpose::UndoEmail, link).await?;
    let Some((Link { user_id, address }, _)) = peeked else { return Ok(Undone::LinkExpired) };
    let email = Email::parse(&address).map_err(|_| AppError::fault("a link to something that is no address"))?;
    accounts::lock_with_address(&mut unit, user_id, &email).await?;
    if links::spend(&mut unit, Purpose::UndoEmail, link).await?.is_none() {
        return Ok(Undone::LinkExpired);
    }
    let Some(replaced_at) = store::replaced_at(&mut unit, user_id, &address).await? else {
        return Ok(Undone::LinkExpired);
    };
    // All other links but those to addresses that were replaced before this one.
    end_links(&mut unit, user_id).await?;
    let closed = store::close_since(&mut unit, user_id, replaced_at).await?;
    links::revoke_mailed_to(&mut unit, user_id, Purpose::UndoEmail, &closed).await?;
    // Factors that were added since may be there to stay in, or to lock the owner out.
    let deleted = accounts::delete_factors(&mut unit, state.factors, user_id, Some(replaced_at)).await?;
    // Before the sessions: a sign-in that is being completed locks the password.
    accounts::drop_password(&mut unit, user_id).await?;
    sessions::revoke_all(&mut unit, user_id).await?;
    match accounts::replace_email(&mut unit, user_id, &email).await {
        Err(error) if is_taken(&error, EMAIL_UNIQUE) => return Ok(Undone::Taken(address)),
        replaced => drop(replaced?),
    }
    accounts::drop_unverified_namesakes(&mut unit, user_id).await?;
    accounts::call_off_deletion(&mut unit, user_id).await?;
    // The limits of known browsers are found by them, so they go first.
    limits::forget(&mut unit, user_id).await?;
    known_browsers::forget(&mut unit, user_id, None).await?;
    let recover = links::issue(&mut unit, Purpose::Recover, user_id, email.as_str()).await?;
    unit.record(Event::EmailChangeUndone, user_id, None);
    if deleted > 0 {
        report_deleted_factors(&mut unit, request, user_id).await?;
    }
    unit.commit().await?;
    Ok(Undone::Done { user_id, recover, factors_deleted: deleted > 0 })
}

/// Records that factors were deleted, and emails the owner.
async fn report_deleted_factors(unit: &mut Unit, request: &Request, user_id: UserId) -> sqlx::Result<()> {
    if !accounts::factors(unit, user_id).await?.has_second() {
        accounts::forget_factor_limits(unit, user_id).await?;
    }
    unit.record(Event::FactorsUndone, user_id, None);
    let Some(user) = accounts::find(unit, user_id).await? else { return Ok(()) };
    unit.email(&user.email(&FACTORS_CHANGED, request.lang, json!({ "change": "factors-undone" }))).await
}
