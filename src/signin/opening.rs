//! Creating and renewing sessions.

use serde_json::json;

use super::FAILURES_REPORTED;
use crate::{
    accounts::{self, Role},
    audit::{Event, Unit},
    limits::{self, Key, Spend},
    mail::Kind,
    passwords::proof::Proof,
    sessions::{self, Duties, LiveSession, Method, Methods, Opening, known_browsers},
    state::AppState,
    types::{Request, SecretToken, SessionId},
    web::{AppError, CookieId, SessionCookie, paths},
};

/// An email to the owner about a sign-in after many failures.
pub const SIGN_IN_AFTER_FAILURES: Kind = Kind::notice("sign-in-after-failures");

/// An email to the owner about a sign-in with a browser that the account did not know.
pub const NEW_BROWSER: Kind = Kind::notice("new-browser");

/// How long after it was created, verified or given a new password an account that knows no browser may sign in unreported.
const JUST_SET_UP: time::Duration = time::Duration::days(1);

/// A new session, whose cookies are set after the commit.
#[derive(Clone, Debug)]
#[must_use]
pub struct Opened {
    /// The session.
    pub id: SessionId,
    /// The session cookie.
    pub cookie: SessionCookie,
    /// The cookie that identifies this browser as known to the account.
    pub browser: SecretToken,
    /// How many other browsers the account knew; `None` if it knew this one.
    pub new_beside: Option<i64>,
    /// The page that the account must pass first.
    pub first: Option<&'static str>,
}

/// Creates a session in place of the browser's current one. Returns `None` if the credentials changed since they were
/// verified; the row lock orders us with that change.
pub async fn open(
    unit: &mut Unit,
    state: &AppState,
    request: &Request,
    opening: &Opening<'_>,
) -> Result<Option<Opened>, AppError> {
    let (cookie, id) = (CookieId::random(), SessionId::random());
    let (user_id, lifetimes) = (opening.user_id, &state.config.lifetimes);
    let stored = cookie.stored(lifetimes, request.now, opening.remember)?;
    let accounts = &state.config.accounts;
    let need = Role::needing_second_factor(accounts.require_second_factor);
    let duties = sessions::create(unit, id, &stored, request, opening, lifetimes, need).await?;
    let Some(duties) = duties else { return Ok(None) };
    if let Some(replaced) = opening.replaces
        && sessions::revoke(unit, replaced.id).await?
    {
        unit.record(Event::SessionEnded { ended: replaced.id }, replaced.user_id, Some(replaced.id));
    }
    unit.record(Event::SignedIn { amr: opening.methods.amr() }, user_id, Some(id));
    let browser = known_browsers::remember(unit, user_id, request.browser.as_ref()).await?;
    let first = match duties {
        Duties { unverified: true, .. } if accounts.require_verification => Some(paths::VERIFY),
        Duties { must_enrol: true, .. } => Some(paths::ACCOUNT_FACTORS),
        _ => None,
    };
    Ok(Some(Opened {
        id,
        cookie: SessionCookie { cookie, remembered: opening.remember },
        browser: browser.secret,
        new_beside: browser.new_beside,
        first,
    }))
}

/// Records a reauthentication in a live session and gives it a new cookie. Returns `None` if the session ended, or the
/// credentials changed since they were verified.
pub async fn renew(
    unit: &mut Unit,
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    method: Method,
    proof: Option<&Proof>,
) -> Result<Option<SessionCookie>, AppError> {
    let fresh = proof.is_none_or(|proof| !proof.factors.has_second());
    let version = proof.map(|proof| proof.credentials_version);
    let methods = Methods::from_amr(&live.amr).with(method);
    let Some(renewed) = renew_as(unit, state, request, live, (&methods, version, fresh)).await? else {
        return Ok(None);
    };
    // The owner is authenticated, so earlier failures are no longer consecutive.
    if proof.is_none() {
        limits::refill(unit, Key::refused_factors(live.user_id)).await?;
    }
    unit.record(Event::Reauthenticated, live.user_id, Some(live.id));
    Ok(Some(renewed))
}

/// Gives a session a new cookie and these methods.
pub async fn renew_as(
    unit: &mut Unit,
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    (methods, credentials_version, fresh): (&Methods, Option<i64>, bool),
) -> Result<Option<SessionCookie>, AppError> {
    let cookie = CookieId::random();
    let stored = cookie.stored(&state.config.lifetimes, request.now, live.remembered)?;
    let renewed = sessions::renew(unit, live.id, &stored, methods, credentials_version, fresh).await?;
    Ok(renewed.then_some(SessionCookie { cookie, remembered: live.remembered }))
}

/// Emails the owner about a sign-in with a new browser. Says nothing about the first browser of an account that was just
/// set up, nor about one in which an emailed link was just opened: the owner expects those.
pub async fn report_new_browser(
    unit: &mut Unit,
    state: &AppState,
    request: &Request,
    opening: &Opening<'_>,
    opened: &Opened,
) -> sqlx::Result<()> {
    let Some(others) = opened.new_beside.filter(|_| state.config.accounts.new_browser_email) else { return Ok(()) };
    let Some(user) = accounts::find(unit, opening.user_id).await? else { return Ok(()) };
    let set_up = [Some(user.created_at), user.email_verified_at, user.password_changed_at];
    let is_first = others == 0 && set_up.into_iter().max().flatten().is_some_and(|at| request.now - at < JUST_SET_UP);
    if user.email_verified_at.is_none() || is_first || opening.methods.has(Method::MailedLink) {
        return Ok(());
    }
    // One browser may sign in several times before it gets its cookie, also at several replicas. And whoever knows the
    // password must not be able to flood the mailbox.
    let same = Key::new_browser(user.id, request.address, &request.user_agent);
    let all = Key::emails(NEW_BROWSER.code, &user.email.to_lowercase());
    if limits::spend_one(unit, same, limits::SAME_BROWSER).await? == Spend::Allowed
        && limits::spend_one(unit, all, limits::EMAILS_TO_OTHERS).await? == Spend::Allowed
    {
        unit.email(&user.email(&NEW_BROWSER, request.lang, json!({}))).await?;
    }
    Ok(())
}

/// Emails the owner about a sign-in after many failures, their own or an attacker's (OWASP ASVS 6.3.5), or else about one
/// with a new browser.
pub(super) async fn report(
    unit: &mut Unit,
    state: &AppState,
    request: &Request,
    (opening, opened): (&Opening<'_>, &Opened),
    failed_before: u32,
) -> sqlx::Result<()> {
    if failed_before < FAILURES_REPORTED {
        return report_new_browser(unit, state, request, opening, opened).await;
    }
    let Some(user) = accounts::find(unit, opening.user_id).await? else { return Ok(()) };
    unit.email(&user.email(&SIGN_IN_AFTER_FAILURES, request.lang, json!({ "failures": failed_before }))).await
}
