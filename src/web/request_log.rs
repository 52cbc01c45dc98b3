//! One line for each answered request, and its numbers.

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::Ctx;
use crate::state::AppState;

/// The layer that writes the line. The route's pattern stands for the path, because paths and
/// queries can carry what must not be kept. Reads that went well are worth a line only to somebody
/// who looks for them.
pub async fn log_requests(State(state): State<AppState>, ctx: Ctx, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    // A client may make methods up, at any length.
    let (is_safe, method) = (request.method().is_safe(), known(request.method()));
    let span = tracing::info_span!("request", request_id = ctx.request_id());
    let response = next.run(request).instrument(span).await;
    let took = started.elapsed();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status().as_u16();
    state.metrics.request(route, method, status, took);
    // To the microsecond.
    let ms = (took.as_secs_f64() * 1_000_000.0).round() / 1000.0;
    let request_id = ctx.request_id();
    if is_safe && status < 500 {
        tracing::debug!(request_id, method, route, status, ms, "answered");
    } else {
        tracing::info!(request_id, method, route, status, ms, "answered");
    }
    response
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}
