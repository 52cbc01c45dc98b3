//! What every request passes on its way to its route, and every answer on its way back.

use std::{convert::Infallible, fmt, pin::Pin, task};

use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tower::{Layer, Service, ServiceExt as _};
use tower_sessions::SessionManagerLayer;
use tracing::Instrument as _;

use super::{
    Ctx,
    error::render_errors,
    headers::set_security_headers,
    request_log::RequestLine,
    session_store::{self, DigestedStore},
    task::run_to_the_end,
};
use crate::state::AppState;

/// Routes whose requests carry the browser's session.
type WithSessions = <SessionManagerLayer<DigestedStore> as Layer<Router>>::Service;

/// The whole service: routes, and what stands before all of them. One function in place of a layer each,
/// which a router would box and clone anew for every request.
#[derive(Clone)]
pub struct Front {
    state: AppState,
    routes: WithSessions,
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Front")
    }
}

impl Front {
    /// Stands before these routes.
    #[must_use]
    pub fn before(state: &AppState, router: Router) -> Self {
        Self { state: state.clone(), routes: session_store::layer(state).layer(router) }
    }

    /// Answers a request. Whatever happens on the way, the answer has our headers.
    pub async fn answer(self, request: Request) -> Response {
        let Self { state, routes } = self;
        let mut response = match *request.method() {
            // CONNECT and TRACE have no path to be routed by.
            Method::CONNECT | Method::TRACE => method_not_allowed(),
            _ => answer_in_context(&state, routes, request).await,
        };
        set_security_headers(&state, &mut response);
        response
    }
}

async fn answer_in_context(state: &AppState, routes: WithSessions, mut request: Request) -> Response {
    let ctx = Ctx::begin(state, &mut request);
    let line = RequestLine::begin(&request);
    let (changes, lookup) = (!request.method().is_safe(), state.lookup.clone());
    let work = async move {
        let response = routes.oneshot(request).await.into_response();
        if changes {
            // Nobody is told that a session has ended while this replica still takes it for live.
            lookup.catch_up().await;
        }
        response
    };
    let answered = async { render_errors(state, &ctx, run_to_the_end(state, work).await) };
    let mut response = answered.instrument(tracing::info_span!("request", request_id = ctx.request_id())).await;
    // Outside of the wording of errors, so that it tells what the visitor was told.
    line.end(state, &ctx, &response);
    ctx.end(state, &mut response);
    response
}

fn method_not_allowed() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD, POST")]).into_response()
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), Infallible>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let front = self.clone();
        Box::pin(async move { Ok(front.answer(request).await) })
    }
}
