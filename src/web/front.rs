//! What every request passes on its way to its route, and every answer on its way back.

use std::fmt;

use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tower::{Layer, ServiceExt as _};
use tracing::Instrument as _;

use super::{
    Ctx,
    error::render_errors,
    request_log::RequestLine,
    session_store::{self, WithSessions},
    task::{Work, run_to_the_end},
};
use crate::{
    http::{headers::set_security_headers, server::Serve},
    state::AppState,
};

/// The whole service: routes, and what stands before all of them. One function in place of a layer each,
/// which a router would box and clone anew for every request.
#[derive(Clone)]
pub struct Front {
    state: AppState,
    /// For whoever only looks: what would read the session's row and write its cookie is not in the way.
    routes: Router,
    with_sessions: WithSessions,
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
        let with_sessions = session_store::layer(state).layer(router.clone());
        Self { state: state.clone(), routes: router, with_sessions }
    }

    async fn answer_in_context(self, mut request: Request) -> Response {
        let Self { state, routes, with_sessions } = self;
        let ctx = Ctx::begin(&state, &mut request);
        let line = RequestLine::begin(&request);
        let span = tracing::info_span!("request", request_id = ctx.request_id());
        let answered = async {
            // In boxes, because what is here is moved several times over before it runs.
            let work: Work = if request.method().is_safe() {
                Box::pin(async { routes.oneshot(request).await.into_response() })
            } else {
                let service = state.clone();
                Box::pin(async move {
                    let public_url = &service.config.site.public_url;
                    let response = session_store::answer(with_sessions, public_url, request).await;
                    // Nobody is told that a session has ended while this replica still takes it for live.
                    service.lookup.catch_up().await;
                    response
                })
            };
            let response = run_to_the_end(&state, work).await;
            render_errors(&state, &ctx, response)
        };
        let mut response = answered.instrument(span).await;
        // Outside of the wording of errors, so that it tells what the visitor was told.
        line.end(&state, &ctx, &response);
        ctx.end(&state, &mut response);
        response
    }
}

impl Serve for Front {
    /// Whatever happens on the way, the answer has our headers.
    async fn answer(self, request: Request) -> Response {
        let state = self.state.clone();
        let mut response = match *request.method() {
            // CONNECT and TRACE have no path to be routed by.
            Method::CONNECT | Method::TRACE => method_not_allowed(),
            _ => self.answer_in_context(request).await,
        };
        set_security_headers(&state, &mut response);
        response
    }
}

fn method_not_allowed() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD, POST")]).into_response()
}
