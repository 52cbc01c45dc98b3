//! The use case: changing the password, with all consequences.

use serde_json::json;
use time::OffsetDateTime;

use super::forms::Passwords;
use crate::{
    accounts::{
        self, Identifier, User,
        links::{self, Purpose},
    },
    audit::{Event, PasswordPrompt},
    passwords::{
        PASSWORD_CHANGED,
        proof::{self, Attempt, Proof},
    },
    sessions::{self, LiveSession, Methods, known_browsers},
    signin,
    state::AppState,
    types::{Request, SecretToken, Throttled},
    web::{AppError, SessionCookie},
};

/// An account that has a password.
#[derive(Debug)]
pub struct Account {
    /// The account.
    pub user: User,
    /// When the password was set.
    pub changed_at: OffsetDateTime,
    /// Whether the session must show a second factor again first.
    pub needs_factor: bool,
}

/// The result of a change.
#[must_use]
#[derive(Debug)]
pub enum Outcome {
    /// It is set, and the session goes on under another cookie.
    Changed(SessionCookie),
    /// The current password is another one.
    Wrong,
    /// The session ended, or the credentials changed, while the password was compared.
    SignedOut,
    /// A second factor must be shown again first.
    Stale,
    /// Nothing was compared, or nothing was hashed.
    Throttled(Throttled),
}

/// The account of a session; none when it has no password.
pub async fn account(state: &AppState, live: &LiveSession) -> Result<Option<Account>, AppError> {
    let mut connection = state.db.acquire().await?;
    let user = accounts::find(&mut connection, live.user_id).await?.ok_or(AppError::NotFound)?;
    let Some(changed_at) = user.password_changed_at else { return Ok(None) };
    let needs_factor = !live.recent && accounts::factors(&mut connection, live.user_id).await?.has_second();
    Ok(Some(Account { user, changed_at, needs_factor }))
}

/// Replaces the password, after verifying the current one.
pub async fn change(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    user: &User,
    passwords: Passwords,
) -> Result<Outcome, AppError> {
    let identifier = Identifier::Username(live.username.clone());
    let proof = match proof::attempt(&state.limits, &state.hasher, request, &identifier, passwords.current).await? {
        Attempt::Proven(proof) => proof,
        Attempt::Refused { .. } => {
            let mut unit = state.recorder(request).begin().await?;
            unit.record(Event::PasswordMistyped { at: PasswordPrompt::Change }, live.user_id, Some(live.id));
            unit.commit().await?;
            return Ok(Outcome::Wrong);
        }
        Attempt::Throttled(throttled) => return Ok(Outcome::Throttled(throttled)),
    };
    // The password and someone's open browser must not be enough where there is a second factor.
    if proof.factors.has_second() && !live.recent {
        proof.refund(&mut *state.db.acquire().await?).await?;
        return Ok(Outcome::Stale);
    }
    let place = match state.hasher.reserve(request.address) {
        Ok(place) => place,
        Err(busy) => {
            proof.refund(&mut *state.db.acquire().await?).await?;
            return Ok(Outcome::Throttled(busy));
        }
    };
    let hash = place.hash(passwords.new).await?;
    replace(state, request, live, user, (&proof, &hash)).await
}

/// Replaces a verified password with a new hash, with all consequences.
async fn replace(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    user: &User,
    (proof, hash): (&Proof, &str),
) -> Result<Outcome, AppError> {
    let user_id = live.user_id;
    let mut unit = state.recorder(request).begin().await?;
    // The account before its links: a reset through one of them waits here, or this waits for it.
    accounts::lock(&mut unit, user_id).await?;
    links::revoke(&mut unit, user_id, &[Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail]).await?;
    let version = accounts::set_password(&mut unit, user_id, hash, Some(proof.credentials_version)).await?;
    let Some(version) = version else { return Ok(Outcome::SignedOut) };
    // A password proves too little where there is a second factor.
    let (methods, fresh) = (Methods::from_amr(&live.amr), !proof.factors.has_second());
    let renewed = signin::renew_as(&mut unit, state, request, live, (&methods, Some(version), fresh)).await?;
    let Some(renewed) = renewed else { return Ok(Outcome::SignedOut) };
    sessions::revoke_others(&mut unit, user_id, Some(live.id)).await?;
    let browser = request.browser.as_ref().map(SecretToken::digest);
    known_browsers::forget(&mut unit, user_id, browser.as_ref()).await?;
    unit.record(Event::PasswordChanged, user_id, Some(live.id));
    unit.email(&user.email(&PASSWORD_CHANGED, request.lang, json!({}))).await?;
    if let Some(browser) = browser {
        known_browsers::used(&mut unit, user_id, &browser).await?;
    }
    proof::settle(&mut unit, proof).await?;
    unit.commit().await?;
    Ok(Outcome::Changed(renewed))
}
