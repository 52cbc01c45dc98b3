//! Addresses of apps: which may be registered, and which match.
//!
//! A redirect address is compared byte by byte (RFC 9700 section 2.1). The one exception is RFC 8252 section 7.3: an app
//! on the person's own device listens on a loopback address, whose port may differ.

use std::net::Ipv6Addr;

use url::{Host, Position, Url};

/// The longest address, in bytes.
pub const MAX: usize = 2048;

/// Why an address cannot be registered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AddressError {
    /// It is too long.
    #[error("it is longer than 2,048 characters")]
    TooLong,
    /// Browsers would read another address.
    #[error("it is not an absolute address as browsers write it")]
    NotAbsolute,
    /// It contains a character that it must not.
    #[error("it contains a wildcard, a space or a character that must be percent-encoded")]
    Character,
    /// It has a fragment.
    #[error("it has a fragment (#)")]
    Fragment,
    /// It names a user.
    #[error("it contains a user name or password (@)")]
    User,
    /// It is not encrypted.
    #[error("it is http: but not on a loopback address; use https")]
    Unencrypted,
    /// Its scheme runs code, or reads files.
    #[error("its scheme is not allowed")]
    Scheme,
    /// It has a path.
    #[error("it is not an origin: only scheme, host and port")]
    NotAnOrigin,
}

/// Schemes that browsers run, read or show without asking any server.
const FORBIDDEN: [&str; 12] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "filesystem",
    "blob",
    "about",
    "mailto",
    "view-source",
    "ftp",
    "ws",
    "wss",
];

/// Checks an address where codes or people may go: https, http on a loopback address, or a scheme of an app on a device
/// (RFC 8252 section 7.1).
///
/// # Errors
/// What is wrong with it.
pub fn check_redirect(uri: &str) -> Result<(), AddressError> {
    let url = check(uri)?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err(AddressError::Unencrypted),
        scheme if FORBIDDEN.contains(&scheme) => Err(AddressError::Scheme),
        _ => Ok(()),
    }
}

/// Checks an address that this service calls: https, or http on a loopback address.
///
/// # Errors
/// What is wrong with it.
pub fn check_callback(uri: &str) -> Result<(), AddressError> {
    match check(uri)?.scheme() {
        "https" | "http" => check_redirect(uri),
        _ => Err(AddressError::Scheme),
    }
}

/// Checks an origin: scheme, host and port, as browsers send it.
///
/// # Errors
/// What is wrong with it.
pub fn check_origin(uri: &str) -> Result<(), AddressError> {
    check_callback(uri)?;
    let origin = Url::parse(uri).map_err(|_| AddressError::NotAbsolute)?.origin();
    if origin.ascii_serialization() == uri { Ok(()) } else { Err(AddressError::NotAnOrigin) }
}

fn check(uri: &str) -> Result<Url, AddressError> {
    if uri.len() > MAX {
        return Err(AddressError::TooLong);
    }
    if !uri.bytes().all(|b| {
        b.is_ascii_graphic() && !matches!(b, b'*' | b'\\' | b'"' | b'<' | b'>' | b'`' | b'^' | b'{' | b'}' | b'|')
    }) {
        return Err(AddressError::Character);
    }
    if uri.contains('#') {
        return Err(AddressError::Fragment);
    }
    let url = Url::parse(uri).map_err(|_| AddressError::NotAbsolute)?;
    if !url.username().is_empty() || url.password().is_some() || authority(uri).contains('@') {
        return Err(AddressError::User);
    }
    let is_web = matches!(url.scheme(), "http" | "https");
    // Browsers must go where the operator reads that they go: no other case, no dots, no missing slashes.
    let written_so = url.as_str() == uri || (url.path() == "/" && url.as_str().strip_suffix('/') == Some(uri));
    if (is_web && (!written_so || !url.has_host())) || !uri.starts_with(&format!("{}:", url.scheme())) {
        return Err(AddressError::NotAbsolute);
    }
    Ok(url)
}

fn authority(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// Returns whether an address is the registered one. With `any_port`, the port of an `http` address on loopback counts
/// for nothing.
pub fn matches(registered: &str, uri: &str, any_port: bool) -> bool {
    registered == uri
        || (any_port
            && uri.len() <= MAX
            && without_port(registered).is_some_and(|registered| without_port(uri) == Some(registered)))
}

/// What comes before and after the port of an `http` address on loopback, as written.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let url = check(uri).ok().filter(|url| url.scheme() == "http" && is_loopback(url))?;
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match url.port() {
        Some(_) => authority.rsplit_once(':')?.0,
        None => authority,
    };
    Some((host, path))
}

/// Finds a requested resource (RFC 8707) among the allowed ones. Ignores a trailing slash, because clients differ about
/// it; an exact match takes precedence.
pub fn find_resource<'a>(allowed: &'a [String], wanted: &str) -> Option<&'a String> {
    let bare = |uri: &str| uri.strip_suffix('/').unwrap_or(uri).to_owned();
    let same = allowed.iter().find(|resource| *resource == wanted);
    same.or_else(|| allowed.iter().find(|resource| bare(resource) == bare(wanted)))
}

/// Adds encoded parameters to a registered address, which stays otherwise unchanged.
pub fn with_query(registered: &str, parameters: &str) -> String {
    let joint = match registered.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{registered}{joint}{parameters}")
}

/// Returns the host of an https address, with its port; `None` for an app on the user's device.
pub fn host(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok().filter(|url| url.scheme() == "https")?;
    Some(url[Position::BeforeHost..Position::AfterPort].to_owned())
}

/// Returns whether an address is of the person's own device.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_4_what_browsers_run_cannot_be_registered() {
        for uri in [
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://a/b",
            "about:blank",
        ] {
            assert!(check_redirect(uri).is_err(), "{uri}");
        }
        assert_eq!(check_redirect("JavaScript:alert(1)"), Err(AddressError::NotAbsolute));
    }

    #[test]
    fn row_1_and_2_addresses_that_can_be_read_in_two_ways_cannot_be_registered() {
        for (uri, error) in [
            ("https://app@evil.example/cb", AddressError::User),
            ("https://@evil.example/cb", AddressError::User),
            ("https://evil\\@app.example/cb", AddressError::Character),
            ("https://*.example/cb", AddressError::Character),
            ("https://app.example/*", AddressError::Character),
            ("https://app.example/cb#x", AddressError::Fragment),
            ("https://app.example/a/../cb", AddressError::NotAbsolute),
            ("https:app.example/cb", AddressError::NotAbsolute),
            ("https://APP.example/cb", AddressError::NotAbsolute),
            ("https://app.example:443/cb", AddressError::NotAbsolute),
            ("http://app.example/cb", AddressError::Unencrypted),
            ("//app.example/cb", AddressError::NotAbsolute),
            ("/cb", AddressError::NotAbsolute),
            ("", AddressError::NotAbsolute),
            ("https://app.example/c b", AddressError::Character),
            ("https://앱.example/cb", AddressError::Character),
        ] {
            assert_eq!(check_redirect(uri), Err(error), "{uri}");
        }
    }

    #[test]
    fn addresses_of_real_apps_can_be_registered() {
        for uri in [
            "https://app.example/cb",
            "https://app.example",
            "https://app.example:8443/cb?a=b",
            "http://localhost:8000",
            "http://127.0.0.1/cb",
            "http://[::1]:18000/cb",
            "app.immich:///oauth-callback",
            "oc://android.owncloud.com",
            "kitchenowl:/signin/redirect",
            "audiobookshelf://oauth",
            "com.example.app:/callback",
        ] {
            assert_eq!(check_redirect(uri), Ok(()), "{uri}");
        }
        assert_eq!(check_origin("https://app.example"), Ok(()));
        assert_eq!(check_origin("https://app.example/"), Err(AddressError::NotAnOrigin));
        assert_eq!(check_callback("oc://android.owncloud.com"), Err(AddressError::Scheme));
    }

    #[test]
    fn rows_1_2_3_and_7_an_address_matches_byte_by_byte() {
        let registered = "https://a.example/cb";
        assert!(matches(registered, registered, false));
        for uri in [
            "https://a.example.evil/cb",
            "https://aaexample/cb",
            "https://a.example/cb/",
            "https://a.example/cb?x=y",
            "https://a.example/cb&code=x",
            "https://a.example/cb#x",
            "https://a.example/cb/..;/x",
            "https://a.example/cb%2f..",
            "https://a.example:443/cb",
            "https://A.example/cb",
            "https://app@a.example/cb",
            "https://a.example",
        ] {
            for any_port in [false, true] {
                assert!(!matches(registered, uri, any_port), "{uri}");
            }
        }
    }

    #[test]
    fn rfc_8252_loopback_matches_with_any_port_and_nothing_else() {
        for registered in ["http://127.0.0.1/cb", "http://127.0.0.1:1234/cb"] {
            assert!(matches(registered, "http://127.0.0.1:51000/cb", true));
            assert!(matches(registered, "http://127.0.0.1/cb", true));
            assert!(!matches(registered, "http://127.0.0.1:51000/cb", false));
            for uri in [
                "http://127.0.0.1:51000/other",
                "http://localhost:51000/cb",
                "http://127.0.0.2:51000/cb",
                "https://127.0.0.1:51000/cb",
                "http://127.0.0.1:51000/cb?x",
                "http://user@127.0.0.1:51000/cb",
                "http://127.0.0.1.evil:51000/cb",
                "http://127.0.0.1:/cb",
                "http://127.0.0.1:99999/cb",
            ] {
                assert!(!matches(registered, uri, true), "{uri}");
            }
        }
        assert!(matches("http://[::1]/cb", "http://[::1]:9000/cb", true));
        assert!(matches("http://localhost:8000", "http://localhost:18000", true));
        assert!(!matches("https://a.example/cb", "https://a.example:8443/cb", true));
    }
}
