//! Opening a session for somebody who proved who they are, and telling their browser.

use axum::{
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use time::Duration;
use tower_sessions::{Expiry, Session};

use super::{AppError, Ctx, Visitor, cookies, event, notice::see_other_with, paths, session_store};
use crate::{
    audit::{self, Entry, Event},
    authn::{
        Aal, Method,
        proof::{self, Proof},
        sessions::{self, NewSession},
    },
    state::AppState,
    types::{Notice, SecretToken, SessionId, UserId},
};

/// How long a browser is known after its last sign-in; browsers keep no cookie longer (RFC 6265bis).
pub const BROWSER_KNOWN_FOR: Duration = Duration::days(400);

/// A session to be opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// Whose it is.
    pub user_id: UserId,
    /// How they proved it.
    pub methods: &'a [Method],
    /// The password among those proofs.
    pub proof: Option<&'a Proof>,
    /// Whether it outlives the browser's window.
    pub remember: bool,
}

/// A session that was opened, until its browser knows.
#[derive(Debug)]
pub struct Opened {
    /// The session.
    pub id: SessionId,
    /// How many tries had failed before.
    pub failed_before: u32,
    browser: SecretToken,
}

/// Opens a session in place of the one that the browser had, in one transaction with everything that
/// goes with it. `None` when the password was replaced while it was compared: then it was the wrong one.
///
/// # Errors
/// Only the database's.
pub async fn open(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    opening: Opening<'_>,
) -> Result<Option<Opened>, AppError> {
    let store_id = session_store::assign_id(session, state.entropy).await?;
    let id = SessionId::new(state.entropy);
    let browser = ctx.browser().cloned().unwrap_or_else(|| SecretToken::new(state.entropy));
    let new = NewSession {
        id,
        user_id: opening.user_id,
        store_id: &store_id,
        methods: opening.methods,
        aal: Aal::One,
        address: ctx.client_ip(),
        user_agent: ctx.user_agent(),
        remembered: opening.remember,
        password_set_at: opening.proof.and_then(|proof| proof.password_set_at),
    };
    let mut transaction = state.db.begin().await?;
    if let Some(proof) = opening.proof {
        proof::upgrade(&mut transaction, proof).await?;
    }
    if !sessions::create(&mut transaction, &new, &state.config.lifetimes).await? {
        transaction.rollback().await?;
        session.flush().await?;
        return Ok(None);
    }
    if let Some(replaced) = visitor.any_session()
        && sessions::revoke(&mut transaction, replaced.id).await?
    {
        // Of the account that it belonged to, which may be another.
        let ended = Event::SessionEnded { ended: replaced.id };
        audit::record(&mut transaction, &entry(ctx, &ended, Some(replaced.user_id), Some(replaced.id))).await?;
    }
    let amr = opening.methods.iter().map(|method| method.amr().to_owned()).collect();
    let event = Event::SignedIn { amr };
    audit::record(&mut transaction, &entry(ctx, &event, Some(opening.user_id), Some(id))).await?;
    let failed_before = match opening.proof {
        Some(proof) => proof::settle(&mut transaction, proof, Some(&browser)).await?,
        None => 0,
    };
    transaction.commit().await?;
    keep_remembered(state, session, opening.remember);
    event::login_succeeded(ctx, opening.user_id, id);
    Ok(Some(Opened { id, failed_before, browser }))
}

/// Lets the cookie of a remembered session outlive the browser's window.
pub fn keep_remembered(state: &AppState, session: &Session, remembered: bool) {
    if remembered {
        let remembered = Duration::try_from(state.config.lifetimes.remembered).unwrap_or(Duration::days(30));
        session.set_expiry(Some(Expiry::OnInactivity(remembered)));
    }
}

impl Opened {
    /// Sets the cookies that go with a new session, beside its own.
    pub fn set_cookies(&self, state: &AppState, headers: &mut HeaderMap) {
        let public_url = &state.config.site.public_url;
        // Tokens of pages from before are worth nothing from now on.
        cookies::remove(headers, public_url, cookies::Name::Csrf);
        cookies::set(headers, public_url, cookies::Name::Browser, self.browser.reveal(), Some(BROWSER_KNOWN_FOR));
    }
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
