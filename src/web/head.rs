//! Checks a request's head before anything relies on it.
//!
//! 1. It names exactly one valid host (RFC 9112 section 3.2, RFC 9113 section 8.3.1). We do not route by host, but
//!    given two, a proxy in front may have used the other one.
//! 2. It has at most [`HEAD_MAX`] bytes. hyper's own limit is only approximate, because it checks after reading.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, Version, header, uri::Authority},
    response::{IntoResponse as _, Response},
};

use super::AppError;
use crate::http::server::HEAD_MAX;

/// Returns the error response to a malformed head. It closes the connection, whose next bytes may belong to this
/// request.
pub(super) fn refuse(request: &Request) -> Option<Response> {
    let mut refused = if size(request) > HEAD_MAX {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response()
    } else if names_a_host(request) {
        return None;
    } else {
        AppError::BadRequest("no host, several or an invalid one").into_response()
    };
    // HTTP/2 has no such field.
    if request.version() <= Version::HTTP_11 {
        refused.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    Some(refused)
}

/// The size of a head as HTTP/1.1 writes it.
fn size(request: &Request) -> usize {
    let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
    let line = request.method().as_str().len() + target + " HTTP/1.1\r\n".len() + 1;
    let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    line + fields.sum::<usize>() + "\r\n".len()
}

fn names_a_host(request: &Request) -> bool {
    let Ok(host) = only_host(request.headers()) else { return false };
    let authority = request.uri().authority().map(Authority::as_str);
    match (request.version(), authority, host) {
        // The field is optional, and the pseudo-header decides; two that differ are malformed.
        (Version::HTTP_2 | Version::HTTP_3, Some(authority), host) => {
            is_host(authority) && host.is_none_or(|host| host.eq_ignore_ascii_case(authority))
        }
        // HTTP/1.0 knows no such field.
        (Version::HTTP_09 | Version::HTTP_10, _, None) => true,
        // The host of a target in absolute form counts instead of the field, which must be there anyway
        // (RFC 9112 section 3.2.2).
        (_, authority, Some(host)) => is_host(host) && authority.is_none_or(is_host),
        (_, _, None) => false,
    }
}

/// The `Host` field, or an error if it is not text or comes twice.
fn only_host(headers: &HeaderMap) -> Result<Option<&str>, ()> {
    let mut lines = headers.get_all(header::HOST).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(host), None) => host.to_str().map(Some).map_err(drop),
        (Some(_), Some(_)) => Err(()),
    }
}

/// Returns whether a text is `uri-host [ ":" port ]` (RFC 9110 section 7.2): neither empty nor with a user's name.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (text, ""),
    };
    port.bytes().all(|byte| byte.is_ascii_digit()) && url::Host::parse(host).is_ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn is_refused(version: Version, target: &str, hosts: &[&[u8]]) -> bool {
        let mut request = Request::builder().version(version).uri(target);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        refuse(&request.body(Body::empty()).expect("a request")).is_some()
    }

    #[test]
    fn a13_http_1_1_names_one_valid_host() {
        for host in [
            "localhost",
            "id.example.com",
            "ID.example.com:8443",
            "127.0.0.1:80",
            "[::1]",
            "[2001:db8::1]:443",
            "a_b",
            "a:",
        ] {
            assert!(!is_refused(Version::HTTP_11, "/login", &[host.as_bytes()]), "{host}");
        }
        assert!(is_refused(Version::HTTP_11, "/login", &[b"\xff"]));
        for hosts in [
            &[][..],
            &["a", "b"],
            &["a", "a"],
            &[""],
            &["a b"],
            &["a, b"],
            &["user@a"],
            &["a/b"],
            &["a?b"],
            &["a\\b"],
            &["http://a"],
            &["a:80:80"],
            &["a:http"],
            &["a:-1"],
            &[":80"],
            &["[::1"],
            &["::1"],
            &["[::g]"],
            &["1.2.3.4.5"],
            &["<a>"],
        ] {
            let bytes: Vec<&[u8]> = hosts.iter().map(|host| host.as_bytes()).collect();
            assert!(is_refused(Version::HTTP_11, "/login", &bytes), "{hosts:?}");
        }
    }

    #[test]
    fn a13_the_target_of_a_proxy_needs_the_field_and_counts_instead() {
        assert!(!is_refused(Version::HTTP_11, "http://a.example/login", &[b"a.example"]));
        assert!(!is_refused(Version::HTTP_11, "http://a.example/login", &[b"b.example"]));
        assert!(is_refused(Version::HTTP_11, "http://a.example/login", &[]));
        assert!(is_refused(Version::HTTP_11, "http://user@a.example/login", &[b"a.example"]));
        assert!(!is_refused(Version::HTTP_10, "/login", &[]));
        assert!(is_refused(Version::HTTP_10, "/login", &[b"a", b"b"]));
    }

    #[test]
    fn a13_http_2_names_its_host_in_the_pseudo_header() {
        assert!(!is_refused(Version::HTTP_2, "https://a.example/login", &[]));
        assert!(!is_refused(Version::HTTP_2, "https://a.example/login", &[b"A.example"]));
        assert!(is_refused(Version::HTTP_2, "https://a.example/login", &[b"b.example"]));
        assert!(is_refused(Version::HTTP_2, "https://a.example/login", &[b"a.example", b"a.example"]));
        assert!(!is_refused(Version::HTTP_2, "/login", &[b"a.example"]));
        assert!(is_refused(Version::HTTP_2, "/login", &[]));
    }
}
