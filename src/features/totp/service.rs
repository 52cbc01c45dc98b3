//! The use cases of authenticator apps, and of the keys that seal their seeds.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    FACTOR,
    model::{Code, STEP, Seed},
    store::{self, Sealed},
};
use crate::{
    accounts::{self, FactorKind, Factors},
    audit::{Event, Unit},
    crypto::sealing::{SealedWith, SealingKeys},
    features::recovery_codes::{self, RecoveryCode},
    limits::{self, Key, Limit, Spend},
    sessions::{Challenge, LiveSession, Method},
    signin::{
        code::{CodeProblem, TypedFactor},
        factor_change::{self, Changed},
        manage::ManagedFactor,
    },
    state::AppState,
    types::{Label, Notice, Request, SessionId, UserId, now, random_uuid},
    web::{AppError, SessionCookie, paths},
};

/// Maximum number of apps per account.
pub const APPS_MAX: usize = 10;
/// Maximum number of apps per account that are being set up, one per session.
const ENROLMENTS_MAX: i64 = 5;
/// Clock skew against PostgreSQL that is logged, in seconds.
const CLOCK_SKEW_REPORTED: i64 = 15;

/// Returns the seed that this session is setting up, with its id.
pub async fn unconfirmed(state: &AppState, live: &LiveSession) -> Result<Option<(Uuid, Seed)>, AppError> {
    let sealed = store::unconfirmed(&mut *state.db.acquire().await?, live.user_id, live.id).await?;
    Ok(sealed.and_then(|sealed| Some((sealed.id, open(&state.keys.sealing, &sealed)?))))
}

/// The result of starting to set up an app.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Begun {
    /// A seed is ready to be shown.
    Ready,
    /// The account has [`APPS_MAX`] already.
    Full,
}

/// Creates a seed for this session, or keeps its existing one, so that reloading the page does not invalidate the key
/// that the user's app has already stored.
pub async fn begin(state: &AppState, request: &Request, live: &LiveSession) -> Result<Begun, AppError> {
    let user_id = live.user_id;
    let mut unit = state.recorder(request).begin().await?;
    accounts::lock(&mut unit, user_id).await?;
    if store::list(&mut unit, user_id).await?.len() >= APPS_MAX {
        return Ok(Begun::Full);
    }
    let present = store::unconfirmed(&mut unit, user_id, live.id).await?;
    if present.is_some_and(|sealed| open(&state.keys.sealing, &sealed).is_some()) {
        return Ok(Begun::Ready);
    }
    if let Spend::Limited(throttled) = limits::spend_one(&mut unit, Key::changes(user_id), limits::CHANGES).await? {
        return Err(AppError::Throttled(throttled));
    }
    let (id, seed) = (random_uuid(), Seed::random());
    let sealed = state.keys.sealing.seal(user_id, id, seed.as_bytes());
    let sealed = sealed.ok_or_else(|| AppError::fault("a seed that cannot be sealed"))?;
    store::enrol(&mut unit, user_id, live.id, (id, &sealed), ENROLMENTS_MAX).await?;
    unit.commit().await?;
    Ok(Begun::Ready)
}

/// The result of confirming an app.
#[must_use]
#[derive(Debug)]
pub enum Confirmed {
    /// The app is now a factor. Contains the session's new cookie, if any, and the recovery codes that are created with
    /// the first second factor.
    Added { renewed: Option<SessionCookie>, codes: Option<Vec<RecoveryCode>> },
    /// The code is wrong, or the attempts are exhausted.
    Refused(CodeProblem),
    /// This session has no unconfirmed seed, or a different one from the page.
    NothingBegun,
    /// The account has [`APPS_MAX`] already.
    Full,
}

/// Confirms the app that this session set up and the page showed, if the code is right.
pub async fn confirm(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    shown: &str,
    (code, name): &(Code, Label),
) -> Result<Confirmed, AppError> {
    let user_id = live.user_id;
    let mut connection = state.db.acquire().await?;
    let sealed = store::unconfirmed(&mut connection, user_id, live.id).await?;
    // The form is for a different seed: neither a success nor a failed attempt.
    let Some(sealed) = sealed.filter(|sealed| sealed.id.to_string() == shown) else {
        return Ok(Confirmed::NothingBegun);
    };
    // A separate bucket, so that an attacker who exhausts the account's TOTP bucket cannot stop the owner from adding
    // another app.
    let bucket = (Key::factor("enrolment", user_id), limits::ENROLMENT);
    let spent = match state.limits.spend_all(&mut connection, &[bucket]).await? {
        Ok(spent) => spent,
        Err(throttled) => return Ok(Confirmed::Refused(CodeProblem::Throttled(throttled))),
    };
    drop(connection);
    report_clock_skew(&sealed);
    let Some(seed) = open(&state.keys.sealing, &sealed) else { return Ok(Confirmed::NothingBegun) };
    let step = seed.steps(code, sealed.now / STEP).last();
    let Some(step) = step else {
        spent.keep();
        return Ok(Confirmed::Refused(CodeProblem::Wrong));
    };
    let confirmed = keep_app(state, request, live, (sealed.id, step), name).await?;
    spent.keep();
    Ok(confirmed)
}

/// Makes the app a factor, after its code was right.
async fn keep_app(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    app: (Uuid, i64),
    name: &Label,
) -> Result<Confirmed, AppError> {
    let user_id = live.user_id;
    let mut unit = state.recorder(request).begin().await?;
    accounts::lock(&mut unit, user_id).await?;
    let before = accounts::factors(&mut unit, user_id).await?;
    if usize::try_from(before.totp).unwrap_or(usize::MAX) >= APPS_MAX {
        return Ok(Confirmed::Full);
    }
    if !store::confirm(&mut unit, live.id, app, name).await? {
        return Ok(Confirmed::NothingBegun);
    }
    let added = factor_change::added(&mut unit, state, request, live, (&before, Method::Totp)).await?;
    let Changed::Done(renewed) = added else { return Err(AppError::SignIn { next: None }) };
    let event = Event::FactorAdded { factor: FACTOR.code.to_owned() };
    factor_change::report(&mut unit, request, live, event, ("totp-added", Some(name.as_str()))).await?;
    let codes = if before.has_second() { None } else { Some(recovery_codes::create_first(&mut unit, live).await?) };
    unit.commit().await?;
    Ok(Confirmed::Added { renewed, codes })
}

/// Decrypts a seed. If that fails, logs an error and returns `None`.
fn open(keys: &SealingKeys, sealed: &Sealed) -> Option<Seed> {
    match keys.open(sealed.user_id, sealed.id, &sealed.seed) {
        Ok(seed) => Seed::read(&seed),
        Err(error) => {
            tracing::error!(factor = %sealed.id, %error, "cannot open the seed of an authenticator app");
            None
        }
    }
}

/// Logs clock skew. Codes are compared by PostgreSQL's clock, so all replicas accept the same codes anyway.
fn report_clock_skew(sealed: &Sealed) {
    let seconds = now().unix_timestamp() - sealed.now;
    if seconds.abs() >= CLOCK_SKEW_REPORTED {
        tracing::warn!(event = "clock_skew", seconds, "the clocks of this machine and of PostgreSQL differ");
    }
}

/// Authenticator apps in the flows of every factor.
#[derive(Debug)]
pub struct Totp;

impl TypedFactor for Totp {
    const CHALLENGE: Challenge = Challenge::Totp;
    const METHOD: Method = Method::Totp;
    const LIMIT: Limit = limits::FACTOR;
    const TRUSTS: bool = true;
    const TEMPLATE: &'static str = "totp/challenge.html";
    type Code = Code;
    /// The app's id and the code's time step.
    type Found = (Uuid, i64);

    fn parse(text: &str) -> Option<Code> {
        Code::parse(text)
    }

    fn has(factors: &Factors, _: bool) -> bool {
        factors.totp > 0
    }

    async fn find(state: &AppState, user_id: UserId, code: &Code) -> Result<Option<(Uuid, i64)>, AppError> {
        let apps = store::sealed(&mut *state.db.acquire().await?, user_id).await?;
        apps.first().inspect(|app| report_clock_skew(app));
        // Two apps may show the same code, so each is checked for a step that it has not used.
        Ok(apps.iter().find_map(|app| {
            let seed = open(&state.keys.sealing, app)?;
            Some((app.id, seed.steps(code, app.now / STEP).find(|step| *step > app.last_step)?))
        }))
    }

    async fn spend(unit: &mut Unit, user_id: UserId, found: &(Uuid, i64), _: bool) -> sqlx::Result<bool> {
        store::spend(unit, user_id, *found).await
    }

    async fn spent(_: &mut Unit, _: &Request, _: UserId, _: SessionId) -> sqlx::Result<()> {
        Ok(())
    }
}

impl ManagedFactor for Totp {
    const KIND: &'static FactorKind = &FACTOR;
    const RENAME_TEMPLATE: &'static str = "totp/rename.html";
    const REMOVE_TEMPLATE: &'static str = "totp/remove.html";
    const FIELD: &'static str = "factor";
    const LIST: &'static str = paths::ACCOUNT_FACTORS;
    const LEADS_BACK: bool = false;
    const RENAMED: Notice = Notice::TotpRenamed;
    const REMOVED: Notice = Notice::TotpRemoved;

    async fn removed(unit: &mut Unit, user_id: UserId, left: &Factors) -> sqlx::Result<()> {
        if left.totp == 0 {
            // An app that is added later starts with a full bucket, even after 100 wrong codes (NIST SP 800-63B 3.2.2).
            limits::refill(unit, Key::factor(FACTOR.code, user_id)).await?;
        }
        Ok(())
    }
}

/// Checks which keys the seeds are encrypted with.
pub async fn seeds(connection: &mut PgConnection, keys: &SealingKeys) -> sqlx::Result<SealedWith> {
    Ok(keys.judge(&store::heads(connection).await?))
}

/// Re-encrypts seeds of older keys with the newest one, and returns how many. Replicas may run it concurrently: a seed
/// that another replica has re-encrypted is left alone.
pub async fn reseal(state: &AppState) -> sqlx::Result<u64> {
    let mut connection = state.db.acquire().await?;
    let mut resealed = 0;
    for head in state.keys.sealing.older_heads() {
        let mut after = Uuid::nil();
        loop {
            let some = store::with_head(&mut connection, head, after).await?;
            let Some(last) = some.last() else { break };
            after = last.id;
            for sealed in &some {
                resealed += u64::from(reseal_one(&mut connection, &state.keys.sealing, sealed).await?);
            }
        }
    }
    if resealed > 0 {
        tracing::info!(seeds = resealed, "re-encrypted seeds of authenticator apps with the newest key");
    }
    Ok(resealed)
}

async fn reseal_one(connection: &mut PgConnection, keys: &SealingKeys, sealed: &Sealed) -> sqlx::Result<bool> {
    let resealed = open(keys, sealed).and_then(|seed| keys.seal(sealed.user_id, sealed.id, seed.as_bytes()));
    let Some(resealed) = resealed else { return Ok(false) };
    store::replace_seed(connection, sealed, &resealed).await
}
