//! Response headers, also of errors (OWASP ASVS 3.4).

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

use crate::state::AppState;

/// No inline code and no foreign origins, so that an injected script does not run.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// A response extension for an email as a page: allows style attributes, and one inline style sheet, given by its
/// SHA-256 in Base64.
#[derive(Clone, Copy, Debug)]
pub struct InlineStyle(pub &'static str);

/// The policy of a page whose one form goes to an app at an address with this scheme.
///
/// It cannot name the app's origin: browsers apply `form-action` to every redirect behind the form, and an app goes on
/// where it likes.
pub fn form_to(is_https: bool) -> Option<HeaderValue> {
    let to = if is_https { "form-action https:" } else { "form-action https: http:" };
    HeaderValue::from_str(&CONTENT_SECURITY_POLICY.replace("form-action 'self'", to)).ok()
}

/// A response extension: keeps `window.opener`, an app's page.
#[derive(Clone, Copy, Debug)]
pub struct KeepsOpener;

/// A response extension: the browser gets this response from another host, which decides itself whether it and its
/// subdomains are on TLS only.
#[derive(Clone, Copy, Debug)]
pub struct OtherHost;

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const ALWAYS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (OPENER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    ),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
];
const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000; includeSubDomains";

/// Sets the security headers of a response.
pub(crate) fn set_security_headers(state: &AppState, response: &mut Response) {
    let style = response.extensions().get::<InlineStyle>().copied();
    let is_ours = response.extensions().get::<OtherHost>().is_none();
    let keeps_opener = response.extensions().get::<KeepsOpener>().is_some();
    let headers = response.headers_mut();
    let own = headers.remove(header::CONTENT_SECURITY_POLICY);
    headers.reserve(ALWAYS.len() + 4);
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(policy) = own.or_else(|| style.and_then(|InlineStyle(digest)| only_style(digest))) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if keeps_opener {
        headers.insert(OPENER_POLICY, HeaderValue::from_static("unsafe-none"));
    }
    if is_ours && state.config.site.public_url.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT_SECURITY));
    }
    // Cacheable responses set their own header; the others may be personal.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

fn only_style(digest: &str) -> Option<HeaderValue> {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; style-src-attr 'unsafe-inline'; form-action 'none'; base-uri 'none'; object-src 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
}
