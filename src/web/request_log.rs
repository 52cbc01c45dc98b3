//! One line for each answered request, and its numbers.

use axum::{extract::Request, http::Method, response::Response};
use tokio::time::Instant;

use super::Ctx;
use crate::state::AppState;

/// What the line says of a request before it is answered.
pub(super) struct RequestLine {
    started: Instant,
    is_safe: bool,
    method: &'static str,
}

impl RequestLine {
    pub(super) fn begin(request: &Request) -> Self {
        // A client may make methods up, at any length.
        let (is_safe, method) = (request.method().is_safe(), known(request.method()));
        Self { started: Instant::now(), is_safe, method }
    }

    /// Writes the line. The route's pattern stands for the path, because paths and queries can carry what
    /// must not be kept. Reads that went well are worth a line only to somebody who looks for them.
    pub(super) fn end(self, state: &AppState, ctx: &Ctx, response: &Response) {
        let Self { started, is_safe, method } = self;
        let took = started.elapsed();
        let (route, status) = (ctx.route(), response.status().as_u16());
        state.metrics.request(route, method, status, took);
        // To the microsecond.
        let ms = (took.as_secs_f64() * 1_000_000.0).round() / 1000.0;
        let request_id = ctx.request_id();
        if is_safe && status < 500 {
            tracing::debug!(request_id, method, route, status, ms, "answered");
        } else {
            tracing::info!(request_id, method, route, status, ms, "answered");
        }
    }
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}
