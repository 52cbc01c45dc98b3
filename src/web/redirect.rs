//! Sending a visitor on.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What a path must not carry into a query value as it is; slashes may stay readable.
const SPECIAL_IN_QUERY_VALUES: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>');

/// A path of ours that knows where the visitor was going.
#[must_use]
pub fn with_next(path: &str, next: &str) -> String {
    format!("{path}?next={}", utf8_percent_encode(next, SPECIAL_IN_QUERY_VALUES))
}

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
