//! Checks that a form comes from our own origin.

use axum::http::{HeaderMap, header};
use url::Url;

use crate::config::{PublicUrl, is_loopback_url};

/// Where a form comes from, according to the browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// From a page of this origin.
    Ours,
    /// The browser does not say; the form token alone decides.
    Unknown,
    /// From another site.
    Foreign,
}

/// Reads the browser's headers (OWASP CSRF cheat sheet: Fetch Metadata, then Origin).
///
/// Our pages send `Referrer-Policy: no-referrer`, under which browsers send `Origin: null` even with our own forms
/// (Fetch, "append a request Origin header"). So `null` is accepted only if `Sec-Fetch-Site` vouches for it.
pub fn of(headers: &HeaderMap, public_url: &PublicUrl) -> Origin {
    let site = headers.get("sec-fetch-site").map(axum::http::HeaderValue::as_bytes);
    let (vouched, ours) = match site {
        Some(b"same-origin") => (true, true),
        // The user started the request, for example by reloading the page.
        Some(b"none") => (true, false),
        Some(_) => return Origin::Foreign,
        None => (false, false),
    };
    let matches = match headers.get(header::ORIGIN).map(|value| value.to_str()) {
        None => return if ours { Origin::Ours } else { Origin::Unknown },
        Some(Ok("null")) if vouched => return if ours { Origin::Ours } else { Origin::Unknown },
        Some(Ok(origin)) => origin == public_url.origin() || is_this_machine(origin, headers, public_url),
        Some(Err(_)) => false,
    };
    if matches { Origin::Ours } else { Origin::Foreign }
}

/// Development mixes `localhost`, `127.0.0.1` and forwarded ports. So a loopback service accepts any loopback origin
/// that equals the `Host` header.
fn is_this_machine(origin: &str, headers: &HeaderMap, public_url: &PublicUrl) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let same_host = origin.strip_prefix("http://") == Some(host);
    public_url.is_loopback() && same_host && Url::parse(origin).is_ok_and(|url| is_loopback_url(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(public_url: &str, headers: &[(&'static str, &str)]) -> Origin {
        let public_url = PublicUrl::parse(public_url).expect("a public URL");
        let headers =
            headers.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
        of(&headers.collect(), &public_url)
    }

    #[test]
    fn asvs_3_5_1_cross_site_forms_are_refused() {
        let url = "https://id.example.com";
        for foreign in [
            [("sec-fetch-site", "cross-site"), ("origin", "https://id.example.com")],
            [("sec-fetch-site", "same-site"), ("origin", "https://id.example.com")],
            [("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
            [("host", "id.example.com"), ("origin", "https://evil.example")],
            [("host", "id.example.com"), ("origin", "null")],
            [("host", "id.example.com"), ("origin", "http://id.example.com")],
            [("host", "127.0.0.1"), ("origin", "http://127.0.0.1")],
        ] {
            assert_eq!(judged(url, &foreign), Origin::Foreign, "{foreign:?}");
        }
    }

    #[test]
    fn our_own_forms_pass_in_every_browser() {
        let url = "https://id.example.com";
        assert_eq!(judged(url, &[("sec-fetch-site", "same-origin"), ("origin", "null")]), Origin::Ours);
        assert_eq!(judged(url, &[("sec-fetch-site", "same-origin")]), Origin::Ours);
        assert_eq!(judged(url, &[("origin", "https://id.example.com")]), Origin::Ours);
        assert_eq!(judged(url, &[]), Origin::Unknown);
        assert_eq!(judged(url, &[("sec-fetch-site", "none"), ("origin", "null")]), Origin::Unknown);
        let local = "http://localhost:8080";
        for (host, origin, expected) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080", Origin::Ours),
            ("evil.example:8080", "http://evil.example:8080", Origin::Foreign),
            ("127.0.0.1:8080", "http://127.0.0.1:9999", Origin::Foreign),
        ] {
            assert_eq!(judged(local, &[("host", host), ("origin", origin)]), expected, "{host}");
        }
    }
}
