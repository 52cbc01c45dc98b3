//! Who asks.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{Method, request::Parts},
};

use super::{AppError, Ctx, session_store::store_id};
use crate::{sessions::LiveSession, state::AppState};

/// Who asks, as the session row says at this moment.
#[derive(Clone, Debug)]
pub enum Visitor {
    /// Nobody that we know.
    Anonymous,
    /// A person with a live session whose address is still to be verified: nobody, for every page but
    /// the one that asks for that.
    Unverified(Arc<LiveSession>),
    /// A person with a live session.
    SignedIn(Arc<LiveSession>),
}

impl Visitor {
    /// The session of somebody who is signed in.
    #[must_use]
    pub fn session(&self) -> Option<&LiveSession> {
        match self {
            Self::Anonymous | Self::Unverified(_) => None,
            Self::SignedIn(session) => Some(session),
        }
    }

    /// The session of somebody whose address is still to be verified.
    #[must_use]
    pub fn unverified(&self) -> Option<&LiveSession> {
        match self {
            Self::Unverified(session) => Some(session),
            Self::Anonymous | Self::SignedIn(_) => None,
        }
    }

    /// The live session, whatever it may reach: what signing out ends and signing in replaces.
    #[must_use]
    pub fn any_session(&self) -> Option<&LiveSession> {
        self.session().or_else(|| self.unverified())
    }

    /// Finds out who a browser's session belongs to; asks nobody without a cookie. Whoever only looks may be
    /// found in memory.
    ///
    /// # Errors
    /// Only the database's: while it is away nobody is signed in and nobody is anonymous.
    pub async fn find(state: &AppState, ctx: &Ctx, method: &Method) -> Result<Self, AppError> {
        let Some(id) = ctx.session() else { return Ok(Self::Anonymous) };
        let found = if method.is_safe() {
            state.lookup.find(store_id(id)).await?
        } else {
            state.lookup.find_now(store_id(id)).await?
        };
        let Some(session) = found else { return Ok(Self::Anonymous) };
        if session.email_verified || !state.config.accounts.require_verification {
            return Ok(Self::SignedIn(session));
        }
        Ok(Self::Unverified(session))
    }
}

impl FromRequestParts<AppState> for Visitor {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, AppError> {
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(|| AppError::fault("a route whose access does not say who asks"))
    }
}

/// The session of somebody who is signed in, on routes that only such visitors reach.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Arc<LiveSession>);

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, AppError> {
        match Visitor::from_request_parts(parts, state).await? {
            Visitor::SignedIn(session) => Ok(Self(session)),
            Visitor::Anonymous | Visitor::Unverified(_) => {
                Err(AppError::fault("a route for people who are signed in lets others pass"))
            }
        }
    }
}
