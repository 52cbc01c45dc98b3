//! Validates the addresses of documents, and the documents.

use std::time::Duration;

use serde::{Deserialize, de::IgnoredAny};
use unicode_normalization::char::is_combining_mark;
use url::{Host, Url};

use super::super::{
    AppKind, Scope,
    address::{self, AddressError},
    registry::Registration,
};
use crate::{
    outbound::{OutboundError, Response},
    types::{DisplayName, DisplayNameError},
};

/// Maximum size of a document in bytes (draft-ietf-oauth-client-id-metadata-document, section on the size).
pub const MOST: usize = 5 * 1024;
/// Maximum length of an address after its scheme, in bytes.
const ADDRESS_MOST: usize = 2000;
/// Maximum number of redirect addresses.
const REDIRECTS_MOST: usize = 64;
/// Minimum time for which a document is fresh, whatever its `Cache-Control`.
const FRESH_LEAST: Duration = Duration::from_secs(300);
/// Maximum time for which it is fresh.
const FRESH_MOST: Duration = Duration::from_secs(86_400);

/// Why a document describes no client. For the log.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The setting does not allow its host.
    #[error("VESTIBULE_CLIENT_DOCUMENTS does not allow its host")]
    Host,
    /// The address breaks a rule for redirect addresses.
    #[error("the address cannot be used: {0}")]
    Address(#[from] AddressError),
    /// The address breaks a rule for documents.
    #[error("the address must be https with the name of a host and a path, and without a query")]
    Form,
    /// The document cannot be fetched.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The response has another status.
    #[error("the status is {0}, not 200")]
    Status(u16),
    /// The response is not JSON.
    #[error("the content type is not JSON")]
    ContentType,
    /// The body is not JSON, or lacks a required member.
    #[error("the document cannot be parsed: {0}")]
    Json(#[from] serde_json::Error),
    /// It is the document of another client.
    #[error("client_id in the document is not its address")]
    ClientId,
    /// It has a secret, which everyone can read, or an unsupported authentication method.
    #[error("token_endpoint_auth_method must be none, without client_secret")]
    Secret,
    /// It excludes the authorization code flow.
    #[error("grant_types must have authorization_code, and response_types code")]
    Flow,
    /// It has no redirect addresses, or too many.
    #[error("redirect_uris must have 1 to {REDIRECTS_MOST} addresses")]
    Redirects,
    /// A redirect address is invalid.
    #[error("one of redirect_uris cannot be used: {0}")]
    Redirect(AddressError),
    /// Nothing says who would receive such an address.
    #[error("one of redirect_uris has a scheme without a dot")]
    Scheme,
    /// The name is invalid.
    #[error("client_name cannot be used: {0}")]
    Name(#[from] DisplayNameError),
}

/// Parses the address of a document. It must be in the form that browsers normalize to, and have a host name.
pub fn parse_address(client_id: &str) -> Result<Url, Refused> {
    address::check_redirect(client_id)?;
    let url = Url::parse(client_id).map_err(|_| AddressError::NotAbsolute)?;
    let is_one = url.scheme() == "https"
        && matches!(url.host(), Some(Host::Domain(_)))
        && url.path() != "/"
        && url.query().is_none()
        && client_id.len() <= "https://".len() + ADDRESS_MOST;
    if is_one { Ok(url) } else { Err(Refused::Form) }
}

/// Client metadata (RFC 7591 section 2). Other members are ignored: images, policies and keys are never fetched.
#[derive(Debug, Deserialize)]
struct Written {
    client_id: String,
    client_name: Option<String>,
    redirect_uris: Vec<String>,
    scope: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    client_secret: Option<IgnoredAny>,
    client_secret_expires_at: Option<IgnoredAny>,
}

/// The validated members of a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    /// The name that users see.
    pub name: String,
    /// Redirect addresses.
    pub redirects: Vec<String>,
    /// Scopes that it may be granted.
    pub scopes: Vec<String>,
}

/// Validates the response to a fetch of a document.
pub fn check(url: &Url, answer: &Response) -> Result<Document, Refused> {
    if answer.status != 200 {
        return Err(Refused::Status(answer.status.as_u16()));
    }
    if !answer.content_type.as_deref().is_some_and(is_json) {
        return Err(Refused::ContentType);
    }
    let written: Written = serde_json::from_slice(&answer.body)?;
    if written.client_id != url.as_str() {
        return Err(Refused::ClientId);
    }
    let has_secret = written.client_secret.is_some() || written.client_secret_expires_at.is_some();
    if has_secret || written.token_endpoint_auth_method.is_some_and(|method| method != "none") {
        return Err(Refused::Secret);
    }
    let lacks = |list: Option<Vec<String>>, wanted: &str| list.is_some_and(|list| !list.iter().any(|it| it == wanted));
    if lacks(written.grant_types, "authorization_code") || lacks(written.response_types, "code") {
        return Err(Refused::Flow);
    }
    let mut redirects = written.redirect_uris;
    if !(1..=REDIRECTS_MOST).contains(&redirects.len()) {
        return Err(Refused::Redirects);
    }
    redirects.iter().try_for_each(|uri| address::check_redirect(uri)).map_err(Refused::Redirect)?;
    if !redirects.iter().all(|uri| has_owner(uri)) {
        return Err(Refused::Scheme);
    }
    redirects.sort();
    redirects.dedup();
    Ok(Document { name: name(written.client_name, url)?, redirects, scopes: scopes(written.scope.as_deref()) })
}

/// Returns whether a `Content-Type` is JSON (RFC 8259, RFC 6839), whatever its parameters.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Returns whether an address is one of the web, or of an app whose scheme is a domain name backwards (RFC 8252 section
/// 7.1). Any other scheme starts whatever the device has for it.
fn has_owner(uri: &str) -> bool {
    let (scheme, _) = uri.split_once(':').unwrap_or_default();
    matches!(scheme, "https" | "http") || scheme.contains('.')
}

/// Returns the client's name, or its host if it has none, or one that cannot be seen as it is.
fn name(written: Option<String>, url: &Url) -> Result<String, Refused> {
    let host = || url.host_str().unwrap_or_default().chars().take(DisplayName::MAX).collect();
    let name = DisplayName::parse(&written.unwrap_or_default())?.filter(|name| is_legible(name.as_str()));
    Ok(name.map_or_else(host, |name| name.as_str().to_owned()))
}

/// Returns whether a name has an alphanumeric character, no invisible ones, and at most three combining marks in a row.
fn is_legible(name: &str) -> bool {
    let is_invisible = |c: char| matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
    let marks = name.split(|c| !is_combining_mark(c)).map(|marks| marks.chars().count()).max();
    name.chars().any(char::is_alphanumeric) && !name.contains(is_invisible) && marks.is_none_or(|most| most <= 3)
}

/// Returns the scopes that it lists, or all if it has no `scope`.
fn scopes(written: Option<&str>) -> Vec<String> {
    let wants = |scope: &Scope| written.is_none_or(|list| list.split(' ').any(|it| it == scope.code()));
    Scope::ALL.into_iter().filter(wants).map(|scope| scope.code().to_owned()).collect()
}

/// Returns how long a document is fresh: its `max-age`, within bounds. The minimum prevents a fetch on every request;
/// the maximum applies a change within a day.
pub fn fresh_for(cache_control: Option<&str>) -> Duration {
    let max_age = cache_control.unwrap_or_default().split(',').find_map(|directive| {
        let (name, seconds) = directive.trim().split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| seconds.trim_matches('"').parse().ok())?
    });
    Duration::from_secs(max_age.unwrap_or_default()).clamp(FRESH_LEAST, FRESH_MOST)
}

impl Document {
    /// Returns its registration: a public client that is never trusted.
    pub fn registration(&self, client_id: &str) -> Registration {
        let Self { name, redirects, scopes } = self.clone();
        Registration { scopes, redirects, ..Registration::draft(AppKind::Document, client_id, &name) }
    }
}

#[cfg(test)]
mod tests;
