//! The log line and metrics of each request.

use std::time::Instant;

use axum::{extract::Request, http::Method, response::Response};

use super::Ctx;
use crate::{audit::log, state::AppState, types::instant};

/// The data captured before the response.
pub(super) struct RequestLine {
    started: Instant,
    is_safe: bool,
    method: &'static str,
}

impl RequestLine {
    pub(super) fn begin(request: &Request) -> Self {
        // Clients may invent methods of any length.
        let (is_safe, method) = (request.method().is_safe(), known(request.method()));
        Self { started: instant(), is_safe, method }
    }

    /// Logs the route pattern instead of the path, because paths and queries may contain secrets. Successful reads are
    /// logged at debug level only. Refusals are sampled: anyone can cause them at will.
    pub(super) fn end(self, state: &AppState, ctx: &Ctx, response: &Response) {
        let Self { started, is_safe, method } = self;
        let took = started.elapsed();
        let (route, status) = (ctx.route(), response.status().as_u16());
        state.metrics.request(route, method, status, took);
        // In milliseconds, to the microsecond.
        let ms = (took.as_secs_f64() * 1_000_000.0).round() / 1000.0;
        let request_id = ctx.request_id();
        let refused = matches!(status, 400..500 | 503);
        let sampled = refused && (!is_safe || status == 503);
        if is_safe && status < 500 {
            tracing::debug!(request_id, method, route, status, ms, "answered");
        } else if !sampled || state.sampler.admits(log::network(ctx.request().address), "answered") {
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
