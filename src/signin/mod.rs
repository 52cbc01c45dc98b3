//! Opening a session for somebody who proved who they are, and telling their browser.
//!
//! 1. [`enter`] weighs a password, or a mailed link, against the account's factors: the visitor is in, or
//!    has to show one of them first. Then there is no session yet, only a pending sign-in.
//! 2. [`complete`] ends that wait, in the transaction in which the factor was used up.
//! 3. [`open`] is what both come to, and a passkey by itself.
//! 4. [`renew`] notes in a live session that its owner proved again who they are.
//!
//! The browser hears of it after the commit: [`Opened::begun`], [`Renewed::begun`].

pub mod challenge;
pub mod factor_change;
mod opening;

use axum::{http::HeaderValue, response::Response};
use serde_json::json;
use sqlx::PgConnection;
use tower_sessions::Session;

use crate::{
    accounts,
    audit::{self, Entry, Event},
    limits::{self, Key},
    mail::{Kind, outbox},
    passwords::proof::{self, Proof},
    sessions::{
        self, Aal, Challenge, LiveSession, Method, Renewal, Step, amr, known_browsers, next_step,
        pending::{self, NewPending, Pending},
    },
    state::AppState,
    types::{LocalPath, Notice, SecretToken, SessionId, UserId},
    web::{AppError, Ctx, Visitor, cookies, notice::see_other_with, paths, see_other, session_store::FreshId},
};

pub use opening::{BROWSER_KNOWN_FOR, Begun, Opened, Opening, Renewed, open};

/// After how many failures the owner is told of a success.
const SUSPICIOUS: u32 = 5;

/// Somebody who showed a password, or a mailed link, and where they were going.
#[derive(Clone, Copy, Debug)]
pub struct Entering<'a> {
    /// Whose account it is.
    pub user_id: UserId,
    /// What they showed.
    pub methods: &'a [Method],
    /// The password among that.
    pub proof: Option<&'a Proof>,
    /// Whether the session is to outlive the browser's window.
    pub remember: bool,
    /// Where they were going.
    pub next: Option<&'a LocalPath>,
}

/// What came of it.
#[must_use]
#[derive(Debug)]
pub enum Entered {
    /// A session.
    In(Begun),
    /// A factor is to be shown first.
    Asked {
        /// The one to ask for.
        challenge: Challenge,
        /// What the browser holds instead of a session.
        secret: SecretToken,
    },
    /// Nothing: the password or the factors changed while this was weighed, or a mailed link alone was
    /// shown where that is not enough.
    Refused,
}

/// Lets somebody in, or asks for a factor of theirs first.
///
/// # Errors
/// Only the database's.
pub async fn enter(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    entering: Entering<'_>,
) -> Result<Entered, AppError> {
    let Entering { user_id, methods, proof, remember, .. } = entering;
    let mut transaction = state.db.begin().await?;
    let factors = if let Some(proof) = proof {
        proof::upgrade(&mut transaction, proof).await?;
        proof.factors
    } else {
        // Nothing else here would notice a factor that is added at this moment.
        accounts::hold(&mut transaction, user_id).await?;
        accounts::factors(&mut transaction, user_id).await?
    };
    let trusted = proof.is_some_and(|proof| proof.trusted_browser);
    if let Step::Challenge(challenge) = next_step(methods, &factors, trusted) {
        let Some(proof) = proof else { return Ok(Entered::Refused) };
        let asked = ask(&mut transaction, state, ctx, &entering, proof).await?;
        let Some(secret) = asked else { return Ok(Entered::Refused) };
        transaction.commit().await?;
        return Ok(Entered::Asked { challenge, secret });
    }
    let opening = Opening {
        user_id,
        amr: &amr(&[], methods),
        remember,
        password_set_at: proof.and_then(|proof| proof.password_set_at),
        factors_changed_at: proof.and_then(|proof| proof.factors_changed_at),
    };
    let Some(opened) = open(&mut transaction, state, ctx, visitor, &opening).await? else {
        return Ok(Entered::Refused);
    };
    let mut told = false;
    if let Some(proof) = proof {
        let failed_before = proof::settle(&mut transaction, proof).await?;
        told = tell_of_failures(&mut transaction, state, ctx, user_id, failed_before).await?;
    }
    transaction.commit().await?;
    if told {
        state.mailer.wake();
    }
    Ok(Entered::In(opened.begun(state, ctx, session).await?))
}

/// Keeps the sign-in until its factor comes. The browser is not known for it: it showed half.
async fn ask(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    entering: &Entering<'_>,
    proof: &Proof,
) -> Result<Option<SecretToken>, AppError> {
    let Some(password_set_at) = proof.password_set_at else { return Ok(None) };
    let secret = SecretToken::new(state.entropy);
    let Entering { user_id, remember: remembered, next, .. } = *entering;
    let failed_before = proof::settle(connection, proof).await?;
    let new = NewPending { user_id, password_set_at, remembered, next, failed_before };
    pending::begin(connection, &secret.digest(), &new).await?;
    audit::record(connection, &entry(ctx, &Event::FactorAsked, Some(user_id), None)).await?;
    Ok(Some(secret))
}

/// Writes to an owner who is in after many had failed, or they had (OWASP ASVS 6.3.5), and tells whether it
/// did.
async fn tell_of_failures(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    user_id: UserId,
    failed_before: u32,
) -> Result<bool, AppError> {
    if failed_before < SUSPICIOUS {
        return Ok(false);
    }
    let Some(user) = accounts::find(connection, user_id).await? else { return Ok(false) };
    let letter = user.letter(Kind::SignInAfterFailures, ctx.lang(), json!({ "failures": failed_before }));
    outbox::enqueue(connection, state.entropy, &letter).await?;
    Ok(true)
}

/// The path of the page that asks for a factor after the password.
#[must_use]
pub fn challenge_path(challenge: Challenge) -> &'static str {
    match challenge {
        Challenge::Passkey => paths::LOGIN_PASSKEY,
        Challenge::Totp => paths::LOGIN_TOTP,
        Challenge::RecoveryCode => paths::LOGIN_RECOVERY_CODE,
    }
}

/// To the page that asks for a factor, with what the browser holds meanwhile.
#[must_use]
pub fn to_challenge(state: &AppState, challenge: Challenge, secret: &SecretToken) -> Response {
    let mut response = see_other(challenge_path(challenge));
    let (headers, lifetime) = (response.headers_mut(), time::Duration::try_from(pending::LIFETIME).unwrap_or_default());
    cookies::set(headers, &state.config.site.public_url, cookies::Name::Pending, secret.reveal(), Some(lifetime));
    response
}

/// Ends the wait of the browser's pending sign-in: in the transaction in which `method` was used up, which
/// the caller commits, and then calls [`Opened::begun`]. Nothing when the wait is over, or was ended by
/// another request. With `trust` the browser is asked for no second factor for a while.
///
/// # Errors
/// Only the database's.
pub async fn complete(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    method: Method,
    trust: bool,
) -> Result<Option<(Pending, Opened)>, AppError> {
    let Some(secret) = ctx.pending() else { return Ok(None) };
    let Some(pending) = pending::spend(connection, &secret.digest()).await? else { return Ok(None) };
    let opening = Opening {
        user_id: pending.user_id,
        amr: &amr(&[], &[Method::Password, method]),
        remember: pending.remembered,
        password_set_at: Some(pending.password_set_at),
        factors_changed_at: None,
    };
    let Some(opened) = open(connection, state, ctx, visitor, &opening).await? else { return Ok(None) };
    tell_of_failures(connection, state, ctx, pending.user_id, pending.failed_before.unsigned_abs()).await?;
    limits::refill(connection, Key::refused_factors(pending.user_id)).await?;
    if trust {
        let (browser, set_at) = (opened.browser().digest(), pending.password_set_at);
        let (address, user_agent) = (ctx.client_ip(), ctx.user_agent());
        known_browsers::trust(connection, pending.user_id, &browser, set_at, address, user_agent).await?;
        let event = entry(ctx, &Event::BrowserTrusted, Some(pending.user_id), Some(opened.id));
        audit::record(connection, &event).await?;
    }
    Ok(Some((pending, opened)))
}

/// Notes in a live session that its owner proved again who they are, and gives it another cookie, in the
/// caller's transaction. Nothing when the session has ended, or when the password that was shown or the
/// factors beside it changed meanwhile. After the commit comes [`Renewed::begun`].
///
/// # Errors
/// Only the database's.
pub async fn renew(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    method: Method,
    proof: Option<&Proof>,
) -> Result<Option<Renewed>, AppError> {
    let fresh = FreshId::new(state.entropy);
    let amr = amr(&live.amr, &[method]);
    let renewal = Renewal {
        id: live.id,
        stored: &fresh.stored(state, ctx, live.remembered)?,
        aal: Aal::of(&amr),
        amr: &amr,
        password_set_at: proof.and_then(|proof| proof.password_set_at),
        factors_changed_at: proof.and_then(|proof| proof.factors_changed_at),
        fresh: proof.is_none_or(|proof| !proof.factors.has_second()),
    };
    if !sessions::renew(connection, &renewal).await? {
        return Ok(None);
    }
    // A seed that was shown under the old cookie is no secret of the owner's.
    accounts::drop_enrolments(connection, live.id).await?;
    if proof.is_none() {
        limits::refill(connection, Key::refused_factors(live.user_id)).await?;
    }
    let entry = entry(ctx, &Event::Reauthenticated, Some(live.user_id), Some(live.id));
    audit::record(connection, &entry).await?;
    Ok(Some(Renewed::new(fresh, live)))
}

/// What a browser hears whose session was ended by its owner: to forget what it kept of it.
///
/// # Errors
/// When the store cannot be reached.
pub async fn leave(state: &AppState, session: &Session) -> Result<Response, AppError> {
    session.flush().await?;
    let mut response = see_other_with(state, paths::LOGIN, Notice::SignedOut);
    let headers = response.headers_mut();
    cookies::remove(headers, &state.config.site.public_url, cookies::Name::Csrf);
    // Not "cookies": the browser stays known to the account, and keeps its language.
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// A line of the audit trail for what a visitor did.
#[must_use]
pub fn entry<'a>(ctx: &'a Ctx, event: &'a Event, user_id: Option<UserId>, session_id: Option<SessionId>) -> Entry<'a> {
    Entry::of_visitor(event, user_id, session_id, ctx.origin())
}
