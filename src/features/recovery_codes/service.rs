//! The use cases of recovery codes.

use serde_json::json;

use super::{
    model::RecoveryCode,
    store::{self, Kept},
};
use crate::{
    accounts::{self, Factors},
    audit::{Event, Unit},
    limits::{self, Key, Limit, Spend},
    sessions::{self, Challenge, LiveSession, Method, return_paths},
    signin::{code::TypedFactor, factor_change::FACTORS_CHANGED},
    state::AppState,
    types::{Age, Request, ReturnTo, SessionId, TokenDigest, UserId},
    web::AppError,
};

/// How many codes an account gets at once.
pub const CODES: usize = 10;

/// Returns what is left of an account's codes; `None` for one that has no use for them.
pub async fn kept(state: &AppState, live: &LiveSession) -> Result<Option<Kept>, AppError> {
    let mut connection = state.db.acquire().await?;
    if !accounts::factors(&mut connection, live.user_id).await?.has_second() {
        return Ok(None);
    }
    Ok(Some(store::kept(&mut connection, live.user_id).await?))
}

/// The result of creating codes.
#[must_use]
#[derive(Debug)]
pub enum Created {
    /// These, to be shown once.
    Codes(Vec<RecoveryCode>),
    /// The codes that they were to replace are replaced already.
    Already,
    /// The account has no second factor that they could stand in for.
    NoSecondFactor,
}

/// Replaces the codes that the page showed, identified by their creation time. So reloading the page with the new
/// codes, which sends the form again, does not replace codes that the user has just written down.
pub async fn create(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    instead_of: &str,
) -> Result<Created, AppError> {
    let user_id = live.user_id;
    let mut unit = state.recorder(request).begin().await?;
    accounts::lock(&mut unit, user_id).await?;
    if !accounts::factors(&mut unit, user_id).await?.has_second() {
        return Ok(Created::NoSecondFactor);
    }
    if !sessions::lock(&mut unit, live.id).await? {
        return Err(AppError::SignIn { next: None });
    }
    if let Spend::Limited(throttled) = limits::spend_one(&mut unit, Key::changes(user_id), limits::CHANGES).await? {
        return Err(AppError::Throttled(throttled));
    }
    let created_at = store::kept(&mut unit, user_id).await?.created_at;
    let present = created_at.map_or_else(|| "none".to_owned(), |created_at| Age::between(created_at, request.now).at);
    if !instead_of.is_empty() && instead_of != present {
        return Ok(Created::Already);
    }
    let codes = replace(&mut unit, user_id).await?;
    report(&mut unit, request, (user_id, live.id), Event::RecoveryCodesMade, "recovery-codes-made").await?;
    unit.commit().await?;
    Ok(Created::Codes(codes))
}

async fn replace(unit: &mut Unit, user_id: UserId) -> sqlx::Result<Vec<RecoveryCode>> {
    let codes: Vec<_> = (0..CODES).map(|_| RecoveryCode::random()).collect();
    let digests: Vec<_> = codes.iter().map(RecoveryCode::digest).collect();
    store::delete(unit, user_id, None).await?;
    store::insert(unit, user_id, &digests).await?;
    Ok(codes)
}

/// Creates the codes that come with the first second factor of an account, in the transaction that adds it. The email
/// about that factor is enough.
pub async fn create_first(unit: &mut Unit, live: &LiveSession) -> sqlx::Result<Vec<RecoveryCode>> {
    let codes = replace(unit, live.user_id).await?;
    unit.record(Event::RecoveryCodesMade, live.user_id, Some(live.id));
    Ok(codes)
}

/// Records that the owner has saved the codes, and takes the redirect target from before the user had to add a factor.
pub async fn saved(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    codes: Option<&[RecoveryCode]>,
) -> Result<Option<ReturnTo>, AppError> {
    let mut connection = state.db.acquire().await?;
    if let Some(codes) = codes {
        let digests: Vec<_> = codes.iter().map(RecoveryCode::digest).collect();
        store::confirm_saved(&mut connection, live.user_id, &digests).await?;
    }
    Ok(return_paths::take_of_browser(&mut connection, request).await?)
}

/// Records a change, and emails the owner how many codes are left.
async fn report(
    unit: &mut Unit,
    request: &Request,
    (user_id, session_id): (UserId, SessionId),
    event: Event,
    change: &str,
) -> sqlx::Result<()> {
    unit.record(event, user_id, Some(session_id));
    let left = store::kept(unit, user_id).await?.left;
    let Some(user) = accounts::find(unit, user_id).await? else { return Ok(()) };
    unit.email(&user.email(&FACTORS_CHANGED, request.lang, json!({ "change": change, "left": left }))).await
}

/// Recovery codes in the flow of every typed factor.
#[derive(Debug)]
pub struct RecoveryCodes;

impl TypedFactor for RecoveryCodes {
    const CHALLENGE: Challenge = Challenge::RecoveryCode;
    const METHOD: Method = Method::RecoveryCode;
    const LIMIT: Limit = limits::RECOVERY_CODE;
    /// The next sign-in asks again.
    const TRUSTS: bool = false;
    const TEMPLATE: &'static str = "recovery_codes/challenge.html";
    type Code = RecoveryCode;
    type Found = TokenDigest;

    fn parse(text: &str) -> Option<RecoveryCode> {
        RecoveryCode::parse(text)
    }

    /// An account with one passkey and no password keeps its last code, in case the passkey is lost.
    fn has(factors: &Factors, again: bool) -> bool {
        factors.recovery_codes > 0 && (!again || factors.without("recovery_code").is_enough())
    }

    async fn find(_: &AppState, _: UserId, code: &RecoveryCode) -> Result<Option<TokenDigest>, AppError> {
        Ok(Some(code.digest()))
    }

    async fn spend(unit: &mut Unit, user_id: UserId, digest: &TokenDigest, again: bool) -> sqlx::Result<bool> {
        let spent = store::spend(unit, user_id, digest).await?;
        // Another request may have been faster with the last but one.
        Ok(spent && (!again || accounts::factors(unit, user_id).await?.is_enough()))
    }

    async fn spent(unit: &mut Unit, request: &Request, user_id: UserId, session_id: SessionId) -> sqlx::Result<()> {
        report(unit, request, (user_id, session_id), Event::RecoveryCodeUsed, "recovery-code-used").await
    }
}
