//! Redirects.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::paths;
use crate::{sessions::return_paths, types::ReturnTo};

/// Characters of a path that must be escaped in a query value; slashes stay readable.
const SPECIAL_IN_QUERY_VALUES: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>');

/// Appends the redirect target to a path.
pub fn with_next(path: &str, next: &str) -> String {
    format!("{path}?next={}", utf8_percent_encode(next, SPECIAL_IN_QUERY_VALUES))
}

/// The query that carries `next` in links to other pages; empty without `next`.
pub fn next_query(next: Option<&ReturnTo>) -> String {
    next.map_or_else(String::new, |next| with_next("", next.as_str()))
}

/// 303 See Other (RFC 9110 section 15.4.4) to one of our paths: the browser continues with a GET and does not send the
/// form again.
pub fn see_other(path: &str) -> Response {
    redirect(StatusCode::SEE_OTHER, path)
}

/// Changes a redirect to go through the page `first`, with the original target as `next`. Leaves a redirect to the
/// dashboard alone, because the dashboard redirects there anyway.
pub fn pass(headers: &mut HeaderMap, first: &str) {
    let going = headers.get(header::LOCATION).and_then(|location| location.to_str().ok()).unwrap_or_default();
    // Unwraps `/return?next=`: the page `first` redirects through `/return` itself.
    let to_an_app = going.strip_prefix(return_paths::ROUTE).and_then(|rest| rest.strip_prefix("?next="));
    let unwrapped = to_an_app.map(|next| percent_decode_str(next).decode_utf8_lossy());
    let going = unwrapped.as_deref().unwrap_or(going);
    if going == paths::DASHBOARD || going.split(['?', '#']).next() == Some(first) {
        return;
    }
    if let Ok(location) = HeaderValue::from_str(&with_next(first, going)) {
        headers.insert(header::LOCATION, location);
    }
}

/// Redirects to a local path with another status.
pub fn redirect(status: StatusCode, path: &str) -> Response {
    let mut response = status.into_response();
    // Our paths and validated `ReturnTo`s are printable ASCII; anything else goes to the start page.
    let location = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}
