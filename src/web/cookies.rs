//! Cookies: names, setting and removing.
//!
//! On https all except the language have the `__Host-` prefix, so that no other host or path can set them (RFC 6265bis
//! section 4.1.3.2). Plain http, for loopback only, has no such prefix.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite, time::Duration};

use crate::config::PublicUrl;

/// Maximum number of concurrent WebAuthn ceremonies per browser, one per tab.
pub const CEREMONIES_MAX: usize = 4;

/// The purpose of a cookie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Name {
    /// The session secret.
    Session,
    /// The secret that CSRF tokens are bound to.
    Csrf,
    /// Identifies a known browser.
    Browser,
    /// A notice for the next page.
    Notice,
    /// The secret of an emailed link, between opening it and pressing the button.
    Link,
    /// The secret of a pending sign-in.
    Pending,
    /// The secrets of the latest WebAuthn ceremonies, between challenge and response.
    Ceremony,
    /// The secret that requests of apps are bound to, while their person signs in.
    App,
    /// The chosen language.
    Language,
}

impl Name {
    /// Every cookie of ours.
    pub const ALL: [Self; 9] = [
        Self::Session,
        Self::Csrf,
        Self::Browser,
        Self::Notice,
        Self::Link,
        Self::Pending,
        Self::Ceremony,
        Self::App,
        Self::Language,
    ];

    /// The cookie's name.
    pub fn text(self, public_url: &PublicUrl) -> &'static str {
        let name = match self {
            Self::Session => "__Host-vestibule",
            Self::Csrf => "__Host-vestibule_csrf",
            Self::Browser => "__Host-vestibule_browser",
            Self::Notice => "__Host-vestibule_notice",
            Self::Link => "__Host-vestibule_link",
            Self::Pending => "__Host-vestibule_pending",
            Self::Ceremony => "__Host-vestibule_ceremony",
            Self::App => "__Host-vestibule_app",
            Self::Language => "vestibule_language",
        };
        if public_url.is_https() { name } else { name.trim_start_matches("__Host-") }
    }
}

/// Sets a cookie; without `max_age` it expires when the browser closes.
pub fn set(headers: &mut HeaderMap, public_url: &PublicUrl, name: Name, value: String, max_age: Option<Duration>) {
    let cookie = Cookie::build((name.text(public_url), value)).path("/").secure(public_url.is_https());
    let mut cookie = cookie.http_only(true).same_site(SameSite::Lax).build();
    cookie.set_max_age(max_age);
    // Values are base64url, our codes or language tags: always valid in a header.
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Removes a cookie, with the attributes it was set with.
pub fn remove(headers: &mut HeaderMap, public_url: &PublicUrl, name: Name) {
    set(headers, public_url, name, String::new(), Some(Duration::ZERO));
}

/// A cookie's value in a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presented<'a> {
    /// Not sent.
    None,
    /// One value, possibly repeated.
    One(&'a str),
    /// Different values under one name: someone else set one of them (cookie tossing).
    Ambiguous,
}

/// The parsed cookies of a request.
#[derive(Clone, Debug)]
pub struct Cookies<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Cookies<'a> {
    /// Parses all `Cookie` headers.
    pub fn of(headers: &'a HeaderMap) -> Self {
        let lines = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
        let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';'));
        let parts = pairs.map(|pair| pair.trim_ascii().splitn(2, |byte| *byte == b'='));
        Self(parts.filter_map(|mut parts| parts.next().zip(parts.next())).collect())
    }

    /// Finds a cookie by the exact bytes of its name. Browsers enforce `__Host-` only for that spelling, and let any
    /// host of the domain set another.
    pub fn presented(&self, name: &str) -> Presented<'a> {
        let mut found = Presented::None;
        for (_, value) in self.0.iter().filter(|(other, _)| *other == name.as_bytes()) {
            // We set only ASCII; other values count as present but invalid.
            let value = std::str::from_utf8(value).unwrap_or_default();
            found = match found {
                Presented::None => Presented::One(value),
                Presented::One(other) if other == value => found,
                _ => Presented::Ambiguous,
            };
        }
        found
    }
}
