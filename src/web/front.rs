//! The outermost handler: context, errors, logging and security headers.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    http::{HeaderName, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tower::{Service, ServiceExt as _};
use tracing::Instrument as _;

use super::{
    AppError, Ctx,
    access::Policy,
    error::render_errors,
    form_again::SentForm,
    head, popup,
    request_log::RequestLine,
    task::{Work, run_to_the_end},
};
use crate::{
    http::headers::{OtherHost, set_security_headers},
    state::AppState,
};

/// The error without a peer address, which limits and the audit log need.
const NO_PEER: &str = "no peer address: serve the app with ConnectInfo, such as axum's \
     `into_make_service_with_connect_info::<SocketAddr>()`";

/// The methods of the service.
const ALLOW: (HeaderName, &str) = (header::ALLOW, "GET, HEAD, POST");

/// The whole service. Another axum app can mount it at the root of its origin. A single function instead of layers,
/// which a router would box and clone per request.
#[derive(Clone, Debug)]
pub struct Front {
    state: AppState,
    routes: Router,
}

impl Front {
    /// Wraps these routes.
    pub fn before(state: &AppState, router: Router) -> Self {
        Self { state: state.clone(), routes: router }
    }

    /// Every response gets our headers.
    async fn answer(self, request: Request) -> Response {
        let state = self.state.clone();
        let mut response = match *request.method() {
            // CONNECT and TRACE are not routed by path.
            Method::CONNECT | Method::TRACE => (StatusCode::METHOD_NOT_ALLOWED, [ALLOW]).into_response(),
            _ => self.answer_in_context(request).await,
        };
        set_security_headers(&state, &mut response);
        response
    }

    async fn answer_in_context(self, mut request: Request) -> Response {
        let Self { state, routes } = self;
        let peer = request.extensions().get().map(|ConnectInfo::<SocketAddr>(peer)| peer.ip());
        let ctx = Ctx::begin(&state, &mut request, peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into()));
        let line = RequestLine::begin(&request);
        let span = tracing::info_span!("request", request_id = ctx.request_id());
        let answered = async {
            if peer.is_none() {
                return (None, render_errors(&ctx, AppError::fault(NO_PEER).into_response()));
            }
            if let Some(refused) = head::refuse(&request) {
                return (None, render_errors(&ctx, refused));
            }
            // Boxed, because the future is moved several times before it runs.
            let form = SentForm::of(&request, &routes);
            let work: Work = Box::pin(async { routes.oneshot(request).await.into_response() });
            let response = run_to_the_end(&state, work).await;
            let (shown, mut response) = match form {
                Some(form) => form.again(&ctx, response).await,
                None => (None, render_errors(&ctx, response)),
            };
            popup::mark(&ctx, &mut response).await;
            (shown, response)
        };
        let (shown, mut response) = answered.instrument(span).await;
        if ctx.policy().is_some_and(Policy::is_for_other_hosts) {
            response.extensions_mut().insert(OtherHost);
        }
        // After the error rendering, so that it logs the final status.
        line.end(&state, &ctx, &response);
        shown.unwrap_or(ctx).end(&mut response);
        response
    }
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let front = self.clone();
        Box::pin(async { Ok(front.answer(request).await) })
    }
}
