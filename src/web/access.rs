//! Who may use a route.

use std::pin::Pin;

use axum::{
    extract::Request,
    handler::Handler,
    http::Method,
    response::{IntoResponse as _, Response},
};

use super::{AppError, Ctx, Visitor, event};
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

/// The handler of one route behind its guard, which finds out who asks, as far as the route needs, and turns
/// others away. A handler itself, because a layer would be boxed and cloned for every request.
#[derive(Clone, Debug)]
pub(super) struct Guarded<H> {
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) handler: H,
}

impl<T: 'static, H: Handler<T, AppState>> Handler<T, AppState> for Guarded<H> {
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, mut request: Request, state: AppState) -> Self::Future {
        Box::pin(async move {
            match guard(&state, self.path, self.access, &mut request).await {
                Ok(()) => self.handler.call(request, state).await,
                Err(refused) => refused.into_response(),
            }
        })
    }
}

async fn guard(state: &AppState, path: &'static str, access: Access, request: &mut Request) -> Result<(), AppError> {
    let ctx = request.extensions().get::<Ctx>().cloned().ok_or_else(Ctx::missing)?;
    ctx.matched(path);
    if access == Access::Public {
        return Ok(());
    }
    let visitor = Visitor::find(state, &ctx, request.method()).await?;
    if access != Access::Anyone {
        admit(access, &visitor, &ctx, request.method())?;
    }
    request.extensions_mut().insert(visitor);
    Ok(())
}

fn admit(access: Access, visitor: &Visitor, ctx: &Ctx, method: &Method) -> Result<(), AppError> {
    // A page is come back to with all its address says; a form stands on a page of its own path, or leads there.
    let here = || match *method {
        Method::GET | Method::HEAD => ctx.location().clone(),
        _ => ctx.location().without_query(),
    };
    let session = match visitor {
        Visitor::Anonymous => return Err(AppError::SignIn { next: Some(here()) }),
        Visitor::Unverified(_) => return Err(AppError::Verify),
        Visitor::SignedIn(session) => session,
    };
    if session.must_enrol && !matches!(access, Access::Session | Access::RecentSession) {
        return Err(AppError::Enrol);
    }
    match access {
        Access::Recent | Access::RecentSession if !session.recent => Err(AppError::Reauthenticate { next: here() }),
        Access::Admin if session.role != Role::Admin => {
            event::denied(ctx, session.user_id);
            Err(AppError::NotFound)
        }
        _ => Ok(()),
    }
}
