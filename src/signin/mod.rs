//! The sign-in flow, shared by all ways to sign in.
//!
//! 1. [`enter`] compares the methods shown (a password or an emailed link) with the account's factors. Either the
//!    visitor is signed in, or a second factor is required and only a pending sign-in exists.
//! 2. [`complete`] completes a pending sign-in, in the transaction that uses the factor.
//! 3. [`open`] creates the session for both, and for a passkey alone.
//! 4. [`renew`] records a reauthentication in a live session.
//!
//! [`SignInAnswer`] sets the cookies after the commit.

mod answer;
pub mod challenge;
pub mod code;
pub mod factor_change;
pub mod manage;
mod opening;

use crate::{
    accounts,
    audit::{Event, Unit},
    limits::{self, Key},
    passwords::proof::{self, Proof},
    sessions::{
        Challenge, LiveSession, Method, Methods, Opening, known_browsers, next_step,
        pending::{self, NewPending, Pending},
    },
    state::AppState,
    types::{Request, ReturnTo, SecretToken, UserId},
    web::AppError,
};

pub use answer::SignInAnswer;
pub use opening::{NEW_BROWSER, Opened, SIGN_IN_AFTER_FAILURES, open, renew, renew_as, report_new_browser};

/// Number of failures after which a successful sign-in notifies the owner.
const FAILURES_REPORTED: u32 = 5;

/// A sign-in with a password or an emailed link.
#[derive(Clone, Copy, Debug)]
pub struct Entering<'a> {
    /// The account.
    pub user_id: UserId,
    /// The methods shown.
    pub methods: &'a [Method],
    /// The verified password, if any.
    pub proof: Option<&'a Proof>,
    /// Whether the session will survive closing the browser.
    pub remember: bool,
    /// The redirect target.
    pub next: Option<&'a ReturnTo>,
    /// The browser's current session.
    pub replaces: Option<&'a LiveSession>,
}

/// The result of [`enter`].
#[must_use]
#[derive(Debug)]
pub enum Entered {
    /// A session was created.
    In(Opened),
    /// A second factor is required.
    Asked {
        /// The factor to ask for.
        challenge: Challenge,
        /// The secret of the pending sign-in, for the browser.
        secret: SecretToken,
    },
    /// The credentials changed since they were verified, or an emailed link alone is not enough.
    Refused,
}

/// Signs a visitor in, or asks for a second factor first.
pub async fn enter(state: &AppState, request: &Request, entering: Entering<'_>) -> Result<Entered, AppError> {
    let Entering { user_id, proof, .. } = entering;
    let mut unit = state.recorder(request).begin().await?;
    let factors = if let Some(proof) = proof {
        proof::upgrade(&mut unit, proof).await?;
        proof.factors
    } else {
        // Without a credentials version, only the lock orders this with a concurrent change of factors.
        accounts::lock(&mut unit, user_id).await?;
        accounts::factors(&mut unit, user_id).await?
    };
    let methods = Methods::from(entering.methods);
    let trusted = proof.is_some_and(|proof| proof.trusted_browser);
    let entered = match next_step(&methods, &factors, trusted) {
        Some(challenge) => wait_for(&mut unit, &entering, &methods, challenge).await?,
        None => enter_now(&mut unit, state, request, &entering, &methods).await?,
    };
    if !matches!(entered, Entered::Refused) {
        unit.commit().await?;
    }
    Ok(entered)
}

async fn enter_now(
    unit: &mut Unit,
    state: &AppState,
    request: &Request,
    entering: &Entering<'_>,
    methods: &Methods,
) -> Result<Entered, AppError> {
    let Entering { user_id, proof, remember, replaces, .. } = *entering;
    let credentials_version = proof.map(|proof| proof.credentials_version);
    let opening = Opening { user_id, methods, remember, credentials_version, replaces };
    let Some(opened) = open(unit, state, request, &opening).await? else { return Ok(Entered::Refused) };
    let failed_before = if let Some(proof) = proof { proof::settle(unit, proof).await? } else { 0 };
    opening::report(unit, state, request, (&opening, &opened), failed_before).await?;
    Ok(Entered::In(opened))
}

/// Stores a pending sign-in. The browser does not become known yet, because only one factor was shown.
async fn wait_for(
    unit: &mut Unit,
    entering: &Entering<'_>,
    methods: &Methods,
    challenge: Challenge,
) -> Result<Entered, AppError> {
    let Some(proof) = entering.proof else { return Ok(Entered::Refused) };
    let Entering { user_id, remember: remembered, next, .. } = *entering;
    let secret = SecretToken::random();
    let failed_before = proof::settle(unit, proof).await?;
    let credentials_version = proof.credentials_version;
    let new = NewPending { user_id, credentials_version, methods, remembered, next, failed_before };
    pending::begin(unit, &secret.digest(), &new).await?;
    unit.record(Event::FactorAsked, user_id, None);
    Ok(Entered::Asked { challenge, secret })
}

/// Completes a pending sign-in, in the transaction in which `method` was used. Returns `None` if it expired or another
/// request completed it. With `trust`, the browser skips the second factor for a while.
pub async fn complete(
    unit: &mut Unit,
    state: &AppState,
    request: &Request,
    secret: &SecretToken,
    method: Method,
    trust: bool,
    replaces: Option<&LiveSession>,
) -> Result<Option<(Pending, Opened)>, AppError> {
    let Some(pending) = pending::spend(unit, &secret.digest()).await? else { return Ok(None) };
    let (user_id, version) = (pending.user_id, pending.credentials_version);
    let methods = Methods::from_amr(&pending.methods).with(method);
    let (remember, credentials_version) = (pending.remembered, Some(version));
    let opening = Opening { user_id, methods: &methods, remember, credentials_version, replaces };
    let Some(mut opened) = open(unit, state, request, &opening).await? else { return Ok(None) };
    let failed_before = pending.failed_before.unsigned_abs();
    opening::report(unit, state, request, (&opening, &opened), failed_before).await?;
    limits::refill(unit, Key::refused_factors(user_id)).await?;
    if trust {
        opened.browser = known_browsers::renew(unit, Some(&opened.browser)).await?;
        known_browsers::trust(unit, user_id, &opened.browser.digest(), version, request).await?;
        unit.record(Event::BrowserTrusted, user_id, Some(opened.id));
    }
    Ok(Some((pending, opened)))
}
