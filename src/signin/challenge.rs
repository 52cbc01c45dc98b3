//! Shared by the factor pages: the pending sign-in, alternative factors and refusals.

use serde::Serialize;
use serde_json::json;

use crate::{
    accounts::{self, Factors},
    audit::Event,
    limits::{self, Key},
    mail::Kind,
    sessions::{
        Challenge, challenges,
        pending::{self, Pending},
        strongest,
    },
    state::AppState,
    types::{Request, ReturnTo, SecretToken, SessionId, UserId},
    web::{AppError, next_query, paths, with_next},
};

/// An email to the owner after several refused second factors: someone may know the password.
pub const SECOND_FACTOR_FAILED: Kind = Kind::notice("second-factor-failed");

/// Numbers of consecutive wrong factors of any kind after which the owner is notified (ASVS 6.3.5). The intervals grow,
/// so that nobody can trigger email at will.
const FAILURES_REPORTED: [u32; 5] = [3, 10, 30, 100, 300];

/// Finds a pending sign-in and its account's factors; `None` if it expired.
pub async fn waiting(state: &AppState, secret: Option<&SecretToken>) -> Result<Option<(Pending, Factors)>, AppError> {
    let Some(secret) = secret else { return Ok(None) };
    let mut connection = state.db.acquire().await?;
    let Some(pending) = pending::peek(&mut connection, &secret.digest()).await? else { return Ok(None) };
    let factors = accounts::factors(&mut connection, pending.user_id).await?;
    Ok(Some((pending, factors)))
}

/// A link to another factor, below a challenge.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct OtherWay {
    /// The suffix of the message key.
    pub way: &'static str,
    /// Its path.
    pub path: String,
}

/// The alternative factors at sign-in.
pub fn other_ways(factors: &Factors, this: Challenge, next: Option<&ReturnTo>) -> Vec<OtherWay> {
    ways(factors, this, |challenge| login_path(challenge, next))
}

/// The alternative factors for reauthentication.
pub fn other_reauth_ways(factors: &Factors, this: Challenge, next: Option<&ReturnTo>) -> Vec<OtherWay> {
    ways(factors, this, |challenge| reauth_path(Some(challenge), next))
}

fn ways(factors: &Factors, this: Challenge, path: impl Fn(Challenge) -> String) -> Vec<OtherWay> {
    let others = challenges(factors).into_iter().filter(|challenge| *challenge != this);
    others.map(|challenge| OtherWay { way: challenge.code(), path: path(challenge) }).collect()
}

/// The sign-in page of a factor.
pub fn login_path(challenge: Challenge, next: Option<&ReturnTo>) -> String {
    format!("{}/{}{}", paths::LOGIN, challenge.code(), next_query(next))
}

/// The sign-in page of the account's strongest factor.
pub fn login_path_of(factors: &Factors, next: Option<&ReturnTo>) -> String {
    let otherwise = || format!("{}{}", paths::LOGIN, next_query(next));
    strongest(factors).map_or_else(otherwise, |challenge| login_path(challenge, next))
}

/// The reauthentication page of a factor, or of the password.
pub fn reauth_path(challenge: Option<Challenge>, next: Option<&ReturnTo>) -> String {
    let path =
        challenge.map_or_else(|| paths::REAUTH.to_owned(), |factor| format!("{}/{}", paths::REAUTH, factor.code()));
    next.map_or_else(|| path.clone(), |next| with_next(&path, next.as_str()))
}

/// Records a refused factor, and notifies the owner after several in a row.
pub async fn refused_factor(
    state: &AppState,
    request: &Request,
    (user_id, session_id): (UserId, Option<SessionId>),
    challenge: Challenge,
) -> Result<(), AppError> {
    let mut unit = state.recorder(request).begin().await?;
    let failures = limits::count_failure(&mut unit, Key::refused_factors(user_id)).await?;
    if FAILURES_REPORTED.contains(&failures)
        && let Some(user) = accounts::find(&mut unit, user_id).await?
    {
        unit.email(&user.email(&SECOND_FACTOR_FAILED, request.lang, json!({}))).await?;
    }
    unit.record(Event::FactorFailed { factor: challenge.code().replace('-', "_") }, user_id, session_id);
    unit.commit().await?;
    Ok(())
}
