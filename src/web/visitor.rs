//! The visitor of a request.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{Method, request::Parts},
};

use super::{AppError, Ctx, session_layer::store_id};
use crate::{sessions::LiveSession, state::AppState};

/// The visitor, according to the session row.
#[derive(Clone, Debug)]
pub enum Visitor {
    /// No live session.
    Anonymous,
    /// A live session of an unverified account: anonymous except on the verification page.
    Unverified(Arc<LiveSession>),
    /// A live session.
    SignedIn(Arc<LiveSession>),
}

impl Visitor {
    /// The session of a signed-in user.
    pub fn session(&self) -> Option<&LiveSession> {
        match self {
            Self::Anonymous | Self::Unverified(_) => None,
            Self::SignedIn(session) => Some(session),
        }
    }

    /// Any live session, for signing out and for replacing it at sign-in.
    pub fn any_session(&self) -> Option<&LiveSession> {
        match self {
            Self::Anonymous => None,
            Self::Unverified(session) | Self::SignedIn(session) => Some(session),
        }
    }

    /// Looks up the session of the browser's cookie; without a cookie it sends no query. Safe methods may use the
    /// session cache.
    pub(super) async fn find(ctx: &Ctx, method: &Method) -> Result<Self, AppError> {
        let Some(id) = ctx.session_cookie() else { return Ok(Self::Anonymous) };
        let sessions = &ctx.state.sessions;
        let store_id = store_id(id);
        let found = if method.is_safe() { sessions.find(store_id).await? } else { sessions.find_now(store_id).await? };
        let Some(session) = found else { return Ok(Self::Anonymous) };
        if session.email_verified || !ctx.state.config.accounts.require_verification {
            return Ok(Self::SignedIn(session));
        }
        Ok(Self::Unverified(session))
    }
}

/// The session of a signed-in user, for handlers of routes that require one.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Arc<LiveSession>);

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, AppError> {
        let ctx = Ctx::from_request_parts(parts, state).await?;
        let Visitor::SignedIn(session) = ctx.visitor() else {
            return Err(AppError::fault("the route's access policy admits visitors who are not signed in"));
        };
        Ok(Self(Arc::clone(session)))
    }
}
