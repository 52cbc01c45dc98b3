//! The cookies of the service: their names, and how they are set and taken back.
//!
//! On https all but the language carry the `__Host-` prefix, so that no other host or path can set
//! them (RFC 6265bis section 4.1.3.2). Plain http, which is for loopback only, has no such prefix.

use axum::http::{HeaderMap, HeaderValue, header};
use tower_sessions::cookie::{Cookie, SameSite, time::Duration};

use crate::{config::PublicUrl, types::Lang};

/// What a cookie is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Name {
    /// The session: its value opens the account.
    Session,
    /// What form tokens are bound to.
    Csrf,
    /// Marks a browser that has signed in before.
    Browser,
    /// What the next page says once.
    Notice,
    /// The secret of a mailed link, on its way from the address bar to the page's button.
    Link,
    /// The secret of a sign-in that waits for its second factor.
    Pending,
    /// The secret of a passkey's ceremony, from its challenge to the answer.
    Ceremony,
    /// The language chosen by hand.
    Language,
}

impl Name {
    /// The name under which the cookie travels.
    #[must_use]
    pub fn text(self, public_url: &PublicUrl) -> &'static str {
        match (self, public_url.is_https()) {
            (Self::Session, true) => "__Host-vestibule",
            (Self::Session, false) => "vestibule",
            (Self::Csrf, true) => "__Host-vestibule_csrf",
            (Self::Csrf, false) => "vestibule_csrf",
            (Self::Browser, true) => "__Host-vestibule_browser",
            (Self::Browser, false) => "vestibule_browser",
            (Self::Notice, true) => "__Host-vestibule_notice",
            (Self::Notice, false) => "vestibule_notice",
            (Self::Link, true) => "__Host-vestibule_link",
            (Self::Link, false) => "vestibule_link",
            (Self::Pending, true) => "__Host-vestibule_pending",
            (Self::Pending, false) => "vestibule_pending",
            (Self::Ceremony, true) => "__Host-vestibule_ceremony",
            (Self::Ceremony, false) => "vestibule_ceremony",
            (Self::Language, _) => "vestibule_language",
        }
    }
}

/// Sets a cookie; without `max_age` it goes with the browser's window.
pub fn set(headers: &mut HeaderMap, public_url: &PublicUrl, name: Name, value: String, max_age: Option<Duration>) {
    let mut cookie = Cookie::build((name.text(public_url), value))
        .path("/")
        .secure(public_url.is_https())
        .http_only(true)
        .same_site(SameSite::Lax);
    if let Some(max_age) = max_age {
        cookie = cookie.max_age(max_age);
    }
    // Values are base64url, codes of our own or language tags: always a good header.
    if let Ok(value) = HeaderValue::from_str(&cookie.build().to_string()) {
        headers.append(header::SET_COOKIE, value);
    }
}

/// How long a chosen language is remembered.
const LANGUAGE_KEPT_FOR: Duration = Duration::days(365);

/// Remembers the language that was chosen, or lets the browser ask for one again.
pub fn keep_language(headers: &mut HeaderMap, public_url: &PublicUrl, chosen: Option<Lang>) {
    match chosen {
        Some(lang) => set(headers, public_url, Name::Language, lang.code().to_owned(), Some(LANGUAGE_KEPT_FOR)),
        None => remove(headers, public_url, Name::Language),
    }
}

/// Takes a cookie back, under the same attributes it was set with.
pub fn remove(headers: &mut HeaderMap, public_url: &PublicUrl, name: Name) {
    set(headers, public_url, name, String::new(), Some(Duration::ZERO));
}

/// What a request presents under one name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presented<'a> {
    /// Nothing.
    None,
    /// One value, perhaps several times.
    One(&'a str),
    /// Different values under one name: somebody else set one of them (cookie tossing).
    Ambiguous,
}

/// The cookies of a request, taken apart once.
#[derive(Clone, Debug)]
pub struct Cookies<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Cookies<'a> {
    /// All that came, in however many lines.
    #[must_use]
    pub fn of(headers: &'a HeaderMap) -> Self {
        let lines = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
        let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';'));
        let parts = pairs.map(|pair| pair.trim_ascii().splitn(2, |byte| *byte == b'='));
        Self(parts.filter_map(|mut parts| parts.next().zip(parts.next())).collect())
    }

    /// Finds one by the exact octets of its name: browsers hold the rules of `__Host-` for those alone, and
    /// would let any host of the domain set another spelling of it.
    #[must_use]
    pub fn presented(&self, name: &str) -> Presented<'a> {
        let mut found = Presented::None;
        for (_, value) in self.0.iter().filter(|(other, _)| *other == name.as_bytes()) {
            // Nothing that we set is anything but ASCII; such a value counts, and is no good.
            let value = std::str::from_utf8(value).unwrap_or_default();
            found = match found {
                Presented::None => Presented::One(value),
                Presented::One(other) if other == value => found,
                Presented::One(_) | Presented::Ambiguous => Presented::Ambiguous,
            };
        }
        found
    }
}
