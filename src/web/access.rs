//! Route policies: access and other properties. They are data, so that a test can request every route as every kind of
//! visitor.

use std::{mem, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    handler::Handler,
    http::{HeaderValue, Method, header},
    response::{IntoResponse as _, Response},
};

use super::{
    AppError, Ctx, Visitor, oauth,
    once::{self, Turn},
    paths,
    redirect::{see_other, with_next},
    session_layer::{self, SessionChange},
    task::Work,
};
use crate::{
    accounts::Role,
    apps::Scope,
    audit::log,
    sessions::{Aal, FRESH, return_paths},
    state::AppState,
    types::ReturnTo,
};

/// Who may use a route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Everyone; the session is not looked up.
    Public,
    /// Everyone; the handler gets the visitor.
    Anyone,
    /// Trusted proxies, which ask about a request of someone else. No session cookie is read.
    Proxy,
    /// Signed-in users with a verified address, if verification is required.
    Account(Needs),
    /// Administrators; others get 404.
    Admin(Needs),
    /// Apps that authenticate as such (RFC 6749 section 2.3); no cookie is read.
    Client,
    /// Bearers of an access token with this scope (RFC 6750); no cookie is read.
    Bearer(Scope),
}

/// Requirements on a session.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Needs {
    /// Minimum assurance level.
    pub aal: Option<Aal>,
    /// Maximum age of the last authentication at the account's strongest level.
    pub fresh: Option<Duration>,
    /// Whether it admits accounts that must add a second factor first.
    pub while_enrolling: bool,
}

impl Access {
    /// Signed-in users.
    pub const fn account() -> Self {
        Self::Account(Needs { aal: None, fresh: None, while_enrolling: false })
    }

    /// Administrators at assurance level two.
    pub const fn admin() -> Self {
        Self::Admin(Needs { aal: Some(Aal::Two), fresh: None, while_enrolling: false })
    }

    /// Requires authentication within the last ten minutes, for actions that could hand the account over.
    #[must_use]
    pub const fn fresh(self) -> Self {
        let fresh = Some(FRESH);
        match self {
            Self::Account(needs) => Self::Account(Needs { fresh, ..needs }),
            Self::Admin(needs) => Self::Admin(Needs { fresh, ..needs }),
            open => open,
        }
    }

    /// Admits accounts that must add a second factor first: to reauthenticate, to add one, to sign out.
    #[must_use]
    pub const fn while_enrolling(self) -> Self {
        match self {
            Self::Account(needs) => Self::Account(Needs { while_enrolling: true, ..needs }),
            other => other,
        }
    }

    /// The requirements; `None` for routes that need no session.
    pub const fn needs(self) -> Option<Needs> {
        match self {
            Self::Public | Self::Anyone | Self::Client | Self::Bearer(_) | Self::Proxy => None,
            Self::Account(needs) | Self::Admin(needs) => Some(needs),
        }
    }
}

/// What a route changes beyond its own tables.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Writes {
    /// Nothing that affects session checks.
    #[default]
    Nothing,
    /// Sessions, accounts, grants or tokens: the response waits until what this replica keeps of them is up to date.
    Sessions,
    /// Also the browser's own session, whose cookie changes.
    Cookie,
}

/// The format of a route's errors.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Dialect {
    /// A page, or `application/problem+json` for clients that accept JSON.
    #[default]
    Page,
    /// Always `application/problem+json` (RFC 9457).
    Problem,
    /// JSON as RFC 6749 section 5.2 has it, for endpoints that apps call.
    OAuth,
}

/// Cross-origin read access (Fetch standard, CORS protocol).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Cors {
    /// Same origin only.
    #[default]
    SameOrigin,
    /// Any origin, without credentials: for public documents.
    Any,
    /// Origins of public apps, without credentials.
    Apps,
}

/// The policy of a route, checked before its handler runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    /// The path pattern, with parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What it changes.
    pub writes: Writes,
    /// The format of its errors.
    pub dialect: Dialect,
    /// Which origins may read the response.
    pub cors: Cors,
    /// Whether a form that is sent twice is processed once (see [`super::once`]).
    pub once: bool,
    /// Whether it takes forms that no page of ours showed: what they change does not follow from a cookie.
    pub from_anywhere: bool,
}

impl Policy {
    /// Returns whether browsers get its responses from another host, whose proxy asks or hands over its request.
    pub fn is_for_other_hosts(&self) -> bool {
        self.access == Access::Proxy || self.path.starts_with(paths::ON_OTHER_HOSTS)
    }
}

/// A handler behind its route's policy. It is a handler itself, because a layer would be boxed and cloned per request.
#[derive(Clone)]
pub(super) struct Guarded<H> {
    pub(super) policy: Policy,
    pub(super) handler: H,
}

impl<T: 'static, H: Handler<T, AppState>> Handler<T, AppState> for Guarded<H> {
    type Future = Work;

    fn call(self, request: Request, state: AppState) -> Self::Future {
        let Self { policy, handler } = self;
        let handle: Handle = Arc::new(move |request| Box::pin(handler.clone().call(request, state.clone())));
        Box::pin(async move {
            let Some(ctx) = request.extensions().get::<Ctx>().cloned() else { return Ctx::missing().into_response() };
            let shared = policy.cors == Cors::Apps;
            let origin = if shared { oauth::cors::allowed(&ctx, request.headers()).await } else { None };
            let mut response = answer(policy, handle, &ctx, request).await;
            if shared {
                oauth::cors::admit(&mut response, origin);
            }
            response
        })
    }
}

/// A type-erased handler, so that the code around it is compiled once and not once per route.
pub(super) type Handle = Arc<dyn Fn(Request) -> Work + Send + Sync>;

/// Applies the route's policy and calls the handler. A form that was processed before gets its stored response.
async fn answer(policy: Policy, handle: Handle, ctx: &Ctx, mut request: Request) -> Response {
    ctx.matched(policy);
    if !request.method().is_safe() {
        let body = mem::take(request.body_mut());
        if policy.from_anywhere {
            ctx.receive_parameters(request.headers(), body).await;
        } else {
            ctx.receive(request.headers(), body).await;
        }
    }
    let turn = match once::begin(ctx).await {
        Ok(turn) => turn,
        Err(error) => return error.into_response(),
    };
    let method = request.method().clone();
    let guarded = match &turn {
        Turn::Repeat(repeat) if repeat.moves_session => Ok(None),
        _ => guard(policy, ctx, &method, &mut request).await,
    };
    let response = match (guarded, turn) {
        (Ok(None), Turn::Repeat(repeat)) => repeat.answer,
        (Ok(None), Turn::Unknown) => call_handler(policy, handle, ctx, request).await,
        (Ok(None), Turn::First(first)) => first.answered(call_handler(policy, handle, ctx, request).await).await,
        (Ok(Some(redirect)), _) => return redirect,
        (Err(refused), Turn::First(first)) => return first.answered(refused.into_response()).await,
        (Err(refused), _) => return refused.into_response(),
    };
    if policy.writes != Writes::Nothing {
        // The response must not say that a session or a token ended while this replica still accepts it.
        ctx.state.sessions.catch_up().await;
    }
    response
}

async fn call_handler(policy: Policy, handle: Handle, ctx: &Ctx, request: Request) -> Response {
    let answering = match policy.writes {
        Writes::Cookie => session_layer::around(ctx.state.clone(), request, handle),
        Writes::Nothing | Writes::Sessions => handle(request),
    };
    let mut response = answering.await;
    debug_assert!(
        policy.writes == Writes::Cookie || response.extensions().get::<SessionChange>().is_none(),
        "{} changes the session cookie and does not say so",
        policy.path
    );
    if policy.cors == Cors::Any {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

async fn guard(
    policy: Policy,
    ctx: &Ctx,
    method: &Method,
    request: &mut Request,
) -> Result<Option<Response>, AppError> {
    match policy.access {
        Access::Public => return Ok(None),
        Access::Client => return oauth::admit_client(ctx, request).await.map(|()| None),
        Access::Bearer(scope) => return oauth::admit_bearer(ctx, scope, request).await.map(|()| None),
        Access::Proxy if ctx.from_proxy() => return Ok(None),
        Access::Proxy => return Err(AppError::Denied("the address is no trusted proxy")),
        Access::Anyone | Access::Account(_) | Access::Admin(_) => {}
    }
    let visitor = Visitor::find(ctx, method).await?;
    let admitted = admit(policy, &visitor, ctx, method);
    ctx.found(visitor);
    match admitted {
        Ok(()) if method.is_safe() => shorten_next(ctx).await,
        Ok(()) => Ok(None),
        Err(mut error) => {
            if let Some(next) = error.next_mut() {
                shorten(ctx, next).await?;
            }
            Err(error)
        }
    }
}

/// Redirects a page with a long `next` to the same page with a short one, so that its links are not too long for a
/// proxy.
async fn shorten_next(ctx: &Ctx) -> Result<Option<Response>, AppError> {
    let mut next = ctx.next();
    if !next.as_ref().is_some_and(ReturnTo::is_long) {
        return Ok(None);
    }
    shorten(ctx, &mut next).await?;
    let page = ctx.location().without_query();
    Ok(Some(see_other(&next.map_or_else(|| page.as_str().to_owned(), |next| with_next(page.as_str(), next.as_str())))))
}

/// Replaces a long path with a short one; drops it if this network has stored too many.
async fn shorten(ctx: &Ctx, next: &mut Option<ReturnTo>) -> Result<(), AppError> {
    if let Some(long) = next.take_if(|next| next.is_long()) {
        let mut connection = ctx.state.db.acquire().await?;
        *next = return_paths::shorten(&mut connection, ctx.request(), &long).await?;
    }
    Ok(())
}

fn admit(policy: Policy, visitor: &Visitor, ctx: &Ctx, method: &Method) -> Result<(), AppError> {
    let Some(needs) = policy.access.needs() else { return Ok(()) };
    // A GET is resumed with its query; a form's page has the same path without one.
    let here = || match *method {
        Method::GET | Method::HEAD => ctx.location().clone(),
        _ => ctx.location().without_query(),
    };
    // The dashboard is the default target, so it needs no `next`.
    let onwards = || Some(here()).filter(|next| next.as_str() != paths::DASHBOARD);
    let is_admin = matches!(policy.access, Access::Admin(_));
    let session = match visitor {
        Visitor::Anonymous => return Err(AppError::SignIn { next: Some(here()) }),
        Visitor::Unverified(_) => return Err(AppError::Verify { next: onwards() }),
        Visitor::SignedIn(session) => session,
    };
    if is_admin && session.role != Role::Admin {
        log::denied(ctx.request(), policy.path, session.user_id);
        return Err(AppError::NotFound);
    }
    if (session.must_enrol && !needs.while_enrolling) || needs.aal.is_some_and(|aal| session.aal < aal.number()) {
        return Err(AppError::Enrol { next: onwards() });
    }
    match needs.fresh {
        Some(within) if !session.is_fresh(within, ctx.now()) => Err(AppError::Reauthenticate { next: Some(here()) }),
        _ => Ok(()),
    }
}
