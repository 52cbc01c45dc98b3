//! Sending a visitor on.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

/// 303 See Other (RFC 9110 section 15.4.4) to a path of ours: the browser goes on with a GET, and
/// never sends the form again.
#[must_use]
pub fn see_other(path: &str) -> Response {
    redirect(StatusCode::SEE_OTHER, path)
}

/// Another redirect to a path of ours.
#[must_use]
pub fn redirect(status: StatusCode, path: &str) -> Response {
    let mut response = status.into_response();
    // Our paths and checked `LocalPath`s are printable ASCII; anything else goes home.
    let location = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}
