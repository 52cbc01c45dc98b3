//! Protected hosts, where to go on to on them, and who may pass. Without database and clock.

use axum::http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::{Url, form_urlencoded};

use crate::{apps::App, sessions::LiveSession, web::paths};

/// The origin of a protected host as apps register it: scheme, host, and port unless it is the default.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostOrigin(String);

impl HostOrigin {
    /// Parses an origin, in any spelling that browsers read so.
    pub fn parse(text: &str) -> Option<Self> {
        let host = text.split_once("://")?.1;
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'/' | b'\\' | b'?' | b'#' | b'@' | b',');
        if !host.bytes().all(plain) {
            return None;
        }
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
        url.has_host().then(|| Self(url.origin().ascii_serialization()))
    }

    /// The origin as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it uses TLS, so that its cookies are `Secure` and `__Host-`.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

/// The longest path that is carried along, in bytes as a query encodes it. The answer must fit the smallest buffer of a
/// proxy for a response's head, 4 KiB.
const ONWARD_MAX: usize = 2000;

/// A path on a protected host to go on to, with its query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Onward(String);

impl Onward {
    /// Takes a path as a browser requested it. Anything else, and what is too long to be carried along, leads to the
    /// host's front page. It is only ever used behind an origin, so it cannot lead to another host.
    pub fn parse(text: &str) -> Self {
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'<' | b'>' | b'`' | b'#');
        let fits = || form_urlencoded::byte_serialize(text.as_bytes()).map(str::len).sum::<usize>() <= ONWARD_MAX;
        let is_ours = text.starts_with("/.vestibule");
        let usable = text.len() <= ONWARD_MAX && text.starts_with('/') && text.bytes().all(plain) && !is_ours && fits();
        Self(if usable { text } else { "/" }.to_owned())
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address on a host.
    pub fn on(&self, host: &HostOrigin) -> String {
        format!("{}{}", host.as_str(), self.0)
    }
}

/// An address with a query.
pub fn address(origin: &str, path: &str, query: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{origin}{path}?{query}")
}

/// Where a browser knocks.
pub fn knock_at(host: &HostOrigin, to: &Onward) -> String {
    address(host.as_str(), paths::HOST_KNOCK, &[("to", to.as_str())])
}

/// Who may pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Verdict {
    /// The app admits this person.
    Admitted,
    /// Nobody is signed in, or not far enough for the app.
    SignIn,
    /// The app does not admit the person.
    NotAdmitted,
}

/// Judges a session on a host of an app.
pub fn judge(app: &App, session: Option<&LiveSession>, require_verification: bool) -> Verdict {
    let is_complete = |session: &&LiveSession| {
        let verified = session.email_verified || !require_verification;
        verified && !session.must_enrol && session.aal >= app.min_aal
    };
    match session.filter(is_complete) {
        None => Verdict::SignIn,
        Some(session) if app.admits(&session.groups) => Verdict::Admitted,
        Some(_) => Verdict::NotAdmitted,
    }
}

/// What a header must not carry as it is. The percent sign is encoded too, so that decoding gives the text again.
const NOT_IN_HEADERS: &AsciiSet = &CONTROLS.add(b'%');

/// The headers that tell the app who it is: always all of them, so that a proxy replaces each one that a client sent.
/// Empty for a request that passes without a session.
pub fn identity(session: Option<&LiveSession>) -> [(HeaderName, HeaderValue); 6] {
    let header = |name, text: &str| {
        // Percent-encoded text is always valid.
        let value = HeaderValue::from_str(&utf8_percent_encode(text, NOT_IN_HEADERS).to_string());
        (HeaderName::from_static(name), value.unwrap_or(HeaderValue::from_static("")))
    };
    let of = |text: fn(&LiveSession) -> String| session.map(text).unwrap_or_default();
    [
        header("remote-user", &of(|session| session.username.clone())),
        header(
            "remote-email",
            &of(|session| if session.email_verified { session.email.clone() } else { String::new() }),
        ),
        header("remote-name", &of(|session| session.display_name.clone().unwrap_or_default())),
        header("remote-groups", &of(|session| session.groups.join(","))),
        header("remote-id", &of(|session| session.user_id.to_string())),
        header("remote-aal", &of(|session| session.aal.to_string())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_as_browsers_read_it() {
        for (text, origin) in [
            ("https://app.example", "https://app.example"),
            ("https://APP.example:443", "https://app.example"),
            ("https://app.example:8443", "https://app.example:8443"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(HostOrigin::parse(text).as_ref().map(HostOrigin::as_str), Some(origin), "{text}");
        }
        for wrong in [
            "",
            "app.example",
            "https://",
            "https:///",
            "https://a/b",
            "https://a/",
            "https://user@a",
            "https://a@b",
            "https://a?b",
            "https://a#b",
            "https://a\\b",
            "https://a, b",
            "https://a,b",
            "https://a b",
            "https://a:b",
            "ftp://a",
            "javascript://a",
        ] {
            assert_eq!(HostOrigin::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn row_58_where_to_go_on_to_stays_on_the_host() {
        let host = HostOrigin::parse("https://app.example").expect("an origin");
        for path in ["/", "/a/b?c=d&e", "//evil.example/", "/a%2Fb", "/@evil.example", "/a?x=/public"] {
            assert_eq!(Onward::parse(path).on(&host), format!("https://app.example{path}"));
        }
        for other in [
            "",
            "evil",
            "https://evil.example",
            ".evil.example/",
            ":8443/",
            "@evil.example",
            "\\\\evil.example",
            "/\\evil.example",
            "/a b",
            "/a\r\nb",
            "/한",
            "/#a",
            "/.vestibule/leave",
            "/.vestibule",
        ] {
            assert_eq!(Onward::parse(other).as_str(), "/", "{other}");
        }
        assert_eq!(Onward::parse(&format!("/{}", "a".repeat(ONWARD_MAX - 4))).as_str().len(), ONWARD_MAX - 3);
        assert_eq!(Onward::parse(&format!("/{}", "%".repeat(ONWARD_MAX / 2))).as_str(), "/");
    }

    #[test]
    fn row_57_all_identity_headers_are_always_there() {
        let none = identity(None);
        assert_eq!(none.len(), 6);
        assert!(none.iter().all(|(name, value)| name.as_str().starts_with("remote-") && value.is_empty()));
    }
}
