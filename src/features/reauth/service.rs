//! The use case: renewing a session with the password.

use super::pages::ReauthProblem;
use crate::{
    accounts::{self, Identifier},
    audit::{Event, PasswordPrompt},
    passwords::proof::{self, Attempt, Proof},
    sessions::{Challenge, LiveSession, Method, known_browsers, strongest},
    signin,
    state::AppState,
    types::{PlainPassword, Request, SecretToken},
    web::{AppError, SessionCookie},
};

/// The result of a reauthentication.
#[must_use]
#[derive(Debug)]
pub enum Outcome {
    /// The session continues with a new cookie.
    Renewed(SessionCookie),
    /// The account has a second factor, so the password is not enough.
    NeedsFactor(Challenge),
    /// The session stays as it was.
    Refused(ReauthProblem),
}

/// The factor to ask for instead of the password; none when the account has only the password.
pub async fn factor_to_ask(state: &AppState, live: &LiveSession) -> Result<Option<Challenge>, AppError> {
    let factors = accounts::factors(&mut *state.db.acquire().await?, live.user_id).await?;
    Ok(strongest(&factors))
}

/// Renews a session with the password that was typed in it.
pub async fn reauthenticate(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    typed: &str,
) -> Result<Outcome, AppError> {
    if let Some(factor) = factor_to_ask(state, live).await? {
        return Ok(Outcome::NeedsFactor(factor));
    }
    if typed.is_empty() {
        return Ok(Outcome::Refused(ReauthProblem::PasswordMissing));
    }
    let (identifier, password) = (Identifier::Username(live.username.clone()), PlainPassword::presented(typed));
    let renewed = match proof::attempt(&state.limits, &state.hasher, request, &identifier, password).await? {
        Attempt::Proven(proof) => renew(state, request, live, &proof).await?,
        Attempt::Refused { .. } => None,
        Attempt::Throttled(throttled) => return Ok(Outcome::Refused(ReauthProblem::Throttled(throttled))),
    };
    if let Some(cookie) = renewed {
        return Ok(Outcome::Renewed(cookie));
    }
    let mut unit = state.recorder(request).begin().await?;
    unit.record(Event::PasswordMistyped { at: PasswordPrompt::Reauth }, live.user_id, Some(live.id));
    unit.commit().await?;
    Ok(Outcome::Refused(ReauthProblem::PasswordWrong))
}

/// Returns `None` if the session ended, or the credentials changed, while the password was compared.
async fn renew(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    proof: &Proof,
) -> Result<Option<SessionCookie>, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    proof::upgrade(&mut unit, proof).await?;
    let renewed = signin::renew(&mut unit, state, request, live, Method::Password, Some(proof)).await?;
    let Some(renewed) = renewed else {
        proof.keep();
        return Ok(None);
    };
    if let Some(browser) = request.browser.as_ref().map(SecretToken::digest) {
        known_browsers::used(&mut unit, live.user_id, &browser).await?;
    }
    proof::settle(&mut unit, proof).await?;
    unit.commit().await?;
    Ok(Some(renewed))
}
