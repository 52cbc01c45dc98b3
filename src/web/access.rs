//! Who may use a route.

use axum::{
    extract::{FromRequestParts as _, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use tower_sessions::Session;

use super::{AppError, Ctx, Visitor};
use crate::state::AppState;

/// Who may use a route; an argument of every route, so that a test can walk them all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Everybody, without asking who it is: no statement is sent.
    Public,
    /// Everybody, and the handler learns who it is.
    Anyone,
    /// People who are signed in.
    SignedIn,
}

/// The layer of one route: finds out who asks, as far as the route needs, and turns others away.
pub(super) async fn guard(
    State((state, access)): State<(AppState, Access)>,
    request: Request,
    next: Next,
) -> Result<Response, AppError> {
    if access == Access::Public {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let visitor = Visitor::find(&state, parts.extensions.get::<Session>()).await?;
    if access == Access::SignedIn && visitor.session().is_none() {
        let ctx = Ctx::from_request_parts(&mut parts, &state).await?;
        // Only a page can be come back to; a form that was sent is gone.
        let next = matches!(parts.method, Method::GET | Method::HEAD).then(|| ctx.location().clone());
        return Err(AppError::SignIn { next });
    }
    parts.extensions.insert(visitor);
    Ok(next.run(Request::from_parts(parts, body)).await)
}
