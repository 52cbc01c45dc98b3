//! What proxies and browsers send, read as types.

use axum::http::{
    HeaderMap, Method, Uri, header,
    uri::{Authority, PathAndQuery},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::model::{HostOrigin, Onward};
use crate::{
    types::{SecretToken, TokenDigest},
    web::{
        AppError, Ctx,
        cookies::{Cookies, Presented},
        paths,
    },
};

/// A request that a proxy asks about.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The protected host.
    pub host: HostOrigin,
    /// Where the browser wanted to go.
    pub to: Onward,
    /// Whether it is a page that a person opens, and not a request of one.
    pub is_navigation: bool,
    /// Whether it asks what other origins may do (Fetch standard, CORS preflight), which never has cookies.
    pub is_preflight: bool,
    /// The digest of the host's cookie.
    pub cookie: Option<TokenDigest>,
    /// Whether the browser sent such a cookie, whatever it is.
    pub has_cookie: bool,
}

const NO_FACTS: AppError = AppError::Denied("the proxy did not say which request it asks about");

/// Of nginx: `X-Original-URL` and `X-Original-Method`, which its configuration sets. Every other header is the client's.
pub fn nginx(headers: &HeaderMap) -> Result<Asked, AppError> {
    let url = only(headers, "x-original-url").ok_or(NO_FACTS)?;
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    let (origin, path) = url.split_at(end);
    asked(headers, HostOrigin::parse(origin), path, only(headers, "x-original-method"))
}

/// Of Traefik, Caddy and HAProxy: `X-Forwarded-Proto`, `-Host`, `-Uri` and `-Method`.
pub fn forwarded(headers: &HeaderMap) -> Result<Asked, AppError> {
    let path = only(headers, "x-forwarded-uri").unwrap_or_default();
    asked(headers, forwarded_host(headers), path, only(headers, "x-forwarded-method"))
}

/// Of Envoy: the method, host and path of the request itself, behind a prefix.
pub fn envoy(headers: &HeaderMap, method: &Method, uri: &Uri) -> Result<Asked, AppError> {
    let path = uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default();
    let path = path.strip_prefix(paths::GATE_ENVOY.trim_end_matches('/')).unwrap_or_default();
    let scheme = only(headers, "x-forwarded-proto").ok_or(NO_FACTS)?;
    let host = uri.authority().map(Authority::as_str).or_else(|| only(headers, "host")).ok_or(NO_FACTS)?;
    asked(headers, HostOrigin::parse(&format!("{scheme}://{host}")), path, Some(method.as_str()))
}

fn asked(headers: &HeaderMap, host: Option<HostOrigin>, path: &str, method: Option<&str>) -> Result<Asked, AppError> {
    let (host, method) = host.zip(method).ok_or(NO_FACTS)?;
    let name = gate_cookie(&host);
    let cookies = Cookies::of(headers);
    let is_preflight = method == "OPTIONS"
        && !headers.contains_key(header::COOKIE)
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    Ok(Asked {
        to: Onward::parse(path),
        is_navigation: is_navigation(headers, method),
        is_preflight,
        cookie: secret(&cookies, name).map(|secret| secret.digest()),
        has_cookie: cookies.presented(name) != Presented::None,
        host,
    })
}

/// Returns whether a person opens a page (W3C Fetch Metadata). Older browsers say so by what they accept.
fn is_navigation(headers: &HeaderMap, method: &str) -> bool {
    if headers.contains_key(header::UPGRADE) {
        return false;
    }
    if let Some(mode) = headers.get("sec-fetch-mode") {
        return mode.as_bytes() == b"navigate" && method == "GET";
    }
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    matches!(method, "GET" | "HEAD") && accepts.contains("text/html")
}

/// The protected host of a request that its proxy handed to us, as trusted proxies say.
pub fn host(ctx: &Ctx, headers: &HeaderMap) -> Option<HostOrigin> {
    forwarded_host(headers).filter(|_| ctx.from_proxy())
}

fn forwarded_host(headers: &HeaderMap) -> Option<HostOrigin> {
    let (scheme, host) = (only(headers, "x-forwarded-proto")?, only(headers, "x-forwarded-host")?);
    HostOrigin::parse(&format!("{scheme}://{host}"))
}

/// A header that came once, as text.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next().filter(|_| lines.next().is_none())?;
    first.to_str().ok()
}

/// The name of the cookie that opens a protected host.
pub fn gate_cookie(host: &HostOrigin) -> &'static str {
    if host.is_https() { "__Host-vestibule-gate" } else { "vestibule-gate" }
}

/// The name of the cookie of a browser that knocked.
pub fn knock_cookie(host: &HostOrigin) -> &'static str {
    if host.is_https() { "__Host-vestibule-knock" } else { "vestibule-knock" }
}

/// The secret in a cookie. Two different ones under one name count as none.
pub fn secret(cookies: &Cookies<'_>, name: &str) -> Option<SecretToken> {
    match cookies.presented(name) {
        Presented::One(text) => SecretToken::parse(text),
        Presented::None | Presented::Ambiguous => None,
    }
}

/// A visitor who knocked at a host.
#[derive(Clone, Debug)]
pub struct Knock {
    /// The host.
    pub host: HostOrigin,
    /// Where to go on to.
    pub to: Onward,
    /// The digest of the cookie of the browser that knocked.
    pub digest: TokenDigest,
}

/// The query of `/gate`.
pub fn knock(ctx: &Ctx) -> Option<Knock> {
    let digest = URL_SAFE_NO_PAD.decode(ctx.query("knock")?).ok()?;
    Some(Knock {
        host: HostOrigin::parse(&ctx.query("host")?)?,
        to: Onward::parse(&ctx.query("to").unwrap_or_default()),
        digest: TokenDigest(digest.try_into().ok()?),
    })
}

/// A digest in an address.
pub fn encode(digest: &TokenDigest) -> String {
    URL_SAFE_NO_PAD.encode(digest.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn row_56_only_what_the_proxy_sets_says_which_request_it_is() {
        let facts = [("x-original-url", "https://a.example/b?c"), ("x-original-method", "GET")];
        let spoofed =
            [("x-original-uri", "/.vestibule/"), ("x-forwarded-uri", "/public"), ("x-forwarded-host", "b.example")];
        let asked = nginx(&headers(&[facts, spoofed[..2].try_into().expect("two")].concat())).expect("facts");
        assert_eq!((asked.host.as_str(), asked.to.as_str()), ("https://a.example", "/b?c"));
        assert!(nginx(&headers(&spoofed)).is_err());
        assert!(nginx(&headers(&[facts[0], facts[0], facts[1]])).is_err(), "said twice");
        assert!(nginx(&headers(&facts[..1])).is_err(), "no method");
    }

    #[test]
    fn only_a_navigation_is_sent_to_sign_in() {
        let asked = |method: &str, pairs: &[(&'static str, &str)]| is_navigation(&headers(pairs), method);
        assert!(asked("GET", &[("sec-fetch-mode", "navigate")]));
        assert!(asked("GET", &[("accept", "text/html,*/*;q=0.8")]));
        assert!(asked("HEAD", &[("accept", "text/html")]));
        assert!(!asked("POST", &[("sec-fetch-mode", "navigate")]));
        assert!(!asked("GET", &[("sec-fetch-mode", "cors"), ("accept", "text/html")]));
        assert!(!asked("GET", &[("sec-fetch-mode", "websocket")]));
        assert!(!asked("GET", &[("accept", "text/html"), ("upgrade", "websocket")]));
        assert!(!asked("GET", &[("accept", "application/json")]) && !asked("GET", &[]));
    }

    #[test]
    fn the_path_of_envoy_is_what_follows_the_prefix() {
        let facts = headers(&[("host", "a.example:8443"), ("x-forwarded-proto", "https")]);
        for (asked, path) in
            [("/gate/envoy/", "/"), ("/gate/envoy/b/?c=d", "/b/?c=d"), ("/gate/envoy//gate/envoy/", "//gate/envoy/")]
        {
            let asked = envoy(&facts, &Method::PUT, &asked.parse().expect("an address")).expect("facts");
            assert_eq!((asked.host.as_str(), asked.to.as_str()), ("https://a.example:8443", path));
        }
    }
}
