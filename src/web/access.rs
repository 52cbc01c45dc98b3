//! Who may use a route.

use axum::{
    extract::{FromRequestParts as _, MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use tower_sessions::Session;

use super::{AppError, Ctx, Visitor};
use crate::{accounts::Role, state::AppState};

/// Who may use a route; an argument of every route, so that a test can walk them all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Everybody, without asking who it is: no statement is sent.
    Public,
    /// Everybody, and the handler learns who it is.
    Anyone,
    /// People who are signed in, to an account whose address is verified (or need not be).
    SignedIn,
    /// People who are signed in and proved who they are within the last ten minutes, with the best they
    /// have: for everything that could hand the account over.
    Recent,
    /// People who are signed in, also those who have to get a second factor first: for proving who they
    /// are, and for leaving.
    Session,
    /// The same within the last ten minutes: for getting one.
    RecentSession,
    /// Administrators; for everybody else there is nothing here.
    Admin,
}

/// The layer of one route: finds out who asks, as far as the route needs, and turns others away.
pub(super) async fn guard(
    State((state, access)): State<(AppState, Access)>,
    request: Request,
    next: Next,
) -> Result<Response, AppError> {
    if let (Some(ctx), Some(route)) = (request.extensions().get::<Ctx>(), request.extensions().get::<MatchedPath>()) {
        ctx.matched(route);
    }
    if access == Access::Public {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let visitor = Visitor::find(&state, parts.extensions.get::<Session>(), &parts.method).await?;
    if access != Access::Anyone {
        let ctx = Ctx::from_request_parts(&mut parts, &state).await?;
        admit(access, &visitor, &ctx, &parts.method)?;
    }
    parts.extensions.insert(visitor);
    Ok(next.run(Request::from_parts(parts, body)).await)
}

fn admit(access: Access, visitor: &Visitor, ctx: &Ctx, method: &Method) -> Result<(), AppError> {
    let is_page = matches!(*method, Method::GET | Method::HEAD);
    let session = match visitor {
        // Only a page can be come back to; a form that was sent is gone.
        Visitor::Anonymous => return Err(AppError::SignIn { next: is_page.then(|| ctx.location().clone()) }),
        Visitor::Unverified(_) => return Err(AppError::Verify),
        Visitor::SignedIn(session) => session,
    };
    if session.must_enrol && !matches!(access, Access::Session | Access::RecentSession) {
        return Err(AppError::Enrol);
    }
    match access {
        // A page is come back to with all its address says; a form stands on a page of its own path.
        Access::Recent | Access::RecentSession if !session.recent => {
            let next = if is_page { ctx.location().clone() } else { ctx.location().without_query() };
            Err(AppError::Reauthenticate { next })
        }
        Access::Admin if session.role != Role::Admin => Err(AppError::NotFound),
        _ => Ok(()),
    }
}
