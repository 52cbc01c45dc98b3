//! A session as it is opened.

use axum::{http::HeaderMap, response::Response};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use tower_sessions::{Expiry, Session};

use super::entry;
use crate::{
    audit::{self, Event},
    sessions::{self, Aal, LiveSession, NewSession, known_browsers},
    state::AppState,
    types::{LocalPath, SecretToken, SessionId, UserId},
    web::{AppError, Ctx, Visitor, cookies, event, paths, see_other, session_store::FreshId},
};

/// How long a browser is known after its last sign-in; browsers keep no cookie longer (RFC 6265bis).
pub const BROWSER_KNOWN_FOR: Duration = Duration::days(400);

/// A session to be opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// Whose it is.
    pub user_id: UserId,
    /// What was shown: RFC 8176 names.
    pub amr: &'a [String],
    /// Whether it outlives the browser's window.
    pub remember: bool,
    /// When the password was set, if that was shown.
    pub password_set_at: Option<OffsetDateTime>,
    /// When the account's factors last changed, as they were weighed: see [`NewSession`].
    pub factors_changed_at: Option<OffsetDateTime>,
}

/// A session that was opened, until its browser knows.
#[derive(Debug)]
pub struct Opened {
    /// The session.
    pub id: SessionId,
    user_id: UserId,
    cookie: Renewed,
    browser: SecretToken,
}

/// The new cookie of a session, until its browser knows.
#[derive(Debug)]
#[must_use]
pub struct Renewed {
    fresh: FreshId,
    remembered: bool,
}

/// A session that its browser is about to hear of.
#[derive(Debug)]
pub struct Begun {
    /// The session.
    pub id: SessionId,
    browser: SecretToken,
}

/// Opens a session in place of the one that the browser had, in the caller's transaction, with everything
/// that goes with it. `None` when the password or the factors changed while they were weighed: then it was
/// the wrong one. After the commit comes [`Opened::begun`].
///
/// # Errors
/// Only the database's.
pub async fn open(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    opening: &Opening<'_>,
) -> Result<Option<Opened>, AppError> {
    let fresh = FreshId::new(state.entropy);
    let id = SessionId::new(state.entropy);
    let new = NewSession {
        id,
        user_id: opening.user_id,
        stored: &fresh.stored(state, ctx, opening.remember)?,
        amr: opening.amr,
        aal: Aal::of(opening.amr),
        address: ctx.client_ip(),
        user_agent: ctx.user_agent(),
        remembered: opening.remember,
        password_set_at: opening.password_set_at,
        factors_changed_at: opening.factors_changed_at,
    };
    if !sessions::create(connection, &new, &state.config.lifetimes).await? {
        return Ok(None);
    }
    if let Some(replaced) = visitor.any_session()
        && sessions::revoke(connection, replaced.id).await?
    {
        // Of the account that it belonged to, which may be another.
        let ended = Event::SessionEnded { ended: replaced.id };
        audit::record(connection, &entry(ctx, &ended, Some(replaced.user_id), Some(replaced.id))).await?;
    }
    let event = Event::SignedIn { amr: opening.amr.to_vec() };
    audit::record(connection, &entry(ctx, &event, Some(opening.user_id), Some(id))).await?;
    let browser = ctx.browser().cloned().unwrap_or_else(|| SecretToken::new(state.entropy));
    known_browsers::remember(connection, opening.user_id, &browser.digest()).await?;
    let cookie = Renewed { fresh, remembered: opening.remember };
    Ok(Some(Opened { id, user_id: opening.user_id, cookie, browser }))
}

impl Renewed {
    /// The cookie of a session that was renewed under this identifier.
    pub fn new(fresh: FreshId, live: &LiveSession) -> Self {
        Self { fresh, remembered: live.remembered }
    }

    /// What follows once the transaction is committed: the browser gets the cookie, and keeps it beyond
    /// its window when the session is a remembered one.
    ///
    /// # Errors
    /// When what the session held under its old cookie cannot be deleted.
    pub async fn begun(self, state: &AppState, session: &Session) -> Result<(), AppError> {
        self.fresh.assign(session).await?;
        if self.remembered {
            let remembered = Duration::try_from(state.config.lifetimes.remembered).unwrap_or(Duration::days(30));
            session.set_expiry(Some(Expiry::OnInactivity(remembered)));
        }
        Ok(())
    }
}

impl Opened {
    /// What follows once the transaction is committed.
    ///
    /// # Errors
    /// As [`Renewed::begun`].
    pub async fn begun(self, state: &AppState, ctx: &Ctx, session: &Session) -> Result<Begun, AppError> {
        self.cookie.begun(state, session).await?;
        event::login_succeeded(ctx, self.user_id, self.id);
        state.metrics.sign_in("signed_in");
        Ok(Begun { id: self.id, browser: self.browser })
    }

    /// The cookie by which the account knows this browser from now on.
    #[must_use]
    pub fn browser(&self) -> &SecretToken {
        &self.browser
    }
}

impl Begun {
    /// To where the visitor was going, with the cookies of the new session.
    #[must_use]
    pub fn go_on(&self, state: &AppState, next: Option<&LocalPath>) -> Response {
        let mut response = see_other(next.map_or(paths::DASHBOARD, LocalPath::as_str));
        self.set_cookies(state, response.headers_mut());
        response
    }

    /// Sets the cookies that go with a new session, beside its own.
    pub fn set_cookies(&self, state: &AppState, headers: &mut HeaderMap) {
        let public_url = &state.config.site.public_url;
        // Tokens of pages from before are worth nothing from now on, nor is what led here.
        cookies::remove(headers, public_url, cookies::Name::Csrf);
        cookies::remove(headers, public_url, cookies::Name::Pending);
        cookies::set(headers, public_url, cookies::Name::Browser, self.browser.reveal(), Some(BROWSER_KNOWN_FOR));
    }
}
