//! The use case: correcting an address that was mistyped at sign-up.

use super::super::{SIGN_UP, VERIFY};
use crate::{
    accounts::{self, Corrector, Unverified},
    audit::{Event, Unit},
    mail::{NewEmail, outbox, requested_from},
    sessions::LiveSession,
    state::AppState,
    types::{Email, Request, SecretToken, Throttled, UserId},
    web::{AppError, email},
};

/// Finds the unverified account whose address this visitor may see and correct: the one they are signed in to, or the
/// last one that this browser signed up for.
pub async fn unverified(
    state: &AppState,
    request: &Request,
    session: Option<&LiveSession>,
) -> Result<Option<Unverified>, AppError> {
    let browser = request.browser.as_ref().map(SecretToken::digest);
    let signed_in = session.map(|session| session.user_id);
    if browser.is_none() && signed_in.is_none() {
        return Ok(None);
    }
    Ok(accounts::find_unverified(&mut *state.db.acquire().await?, signed_in, browser.as_ref()).await?)
}

/// The result of a correction. It says nothing about who else has the new address.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Corrected {
    /// The account has the new address, and its link is on the way there.
    Done,
    /// The address was verified meanwhile, or corrected too often.
    TooLate,
    /// Nothing was tried.
    Throttled(Throttled),
}

/// Gives an unverified account another address, and mails the link there. A taken address makes no difference here, as
/// at sign-up: its owner gets a warning in place of the link.
pub async fn correct(state: &AppState, request: &Request, id: UserId, email: &Email) -> Result<Corrected, AppError> {
    let mut unit = match email::begin_requested(state, request).await? {
        Ok(unit) => unit,
        Err(throttled) => return Ok(Corrected::Throttled(throttled)),
    };
    accounts::lock_own_address(&mut unit, id).await?;
    if !accounts::correct_email(&mut unit, id, email, Corrector::Holder).await? {
        return Ok(Corrected::TooLate);
    }
    let (address, detail) = (email.as_str(), requested_from(request.browser.as_ref()));
    let link = NewEmail { kind: &VERIFY, user_id: Some(id), address, lang: request.lang, detail };
    mail_link(&mut unit, id, &link).await?;
    unit.commit().await?;
    Ok(Corrected::Done)
}

/// Records a correction and queues the link to the new address, in place of what still waits to be sent.
pub async fn mail_link(unit: &mut Unit, id: UserId, link: &NewEmail<'_>) -> sqlx::Result<()> {
    outbox::take_back(unit, id, &[&SIGN_UP, &VERIFY]).await?;
    unit.record(Event::EmailCorrected, id, None);
    unit.email(link).await
}
