//! The documents, and what WebFinger is asked about.

use serde::Serialize;
use url::{Host, Url};

use crate::{apps::Scope, types::Lang, web::paths};

/// The link relation of an issuer (OpenID Connect Discovery 1.0 section 2).
pub const ISSUER_REL: &str = "http://openid.net/specs/connect/1.0/issuer";

/// What we are and support (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2).
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "members of the document")]
pub struct Metadata<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    end_session_endpoint: String,
    scopes_supported: [&'static str; 5],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 2],
    grant_types_supported: [&'static str; 3],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 3],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    code_challenge_methods_supported: [&'static str; 1],
    claim_types_supported: [&'static str; 1],
    claims_supported: [&'static str; 17],
    acr_values_supported: [&'static str; 2],
    ui_locales_supported: Vec<&'static str>,
    prompt_values_supported: [&'static str; 4],
    authorization_response_iss_parameter_supported: bool,
    claims_parameter_supported: bool,
    require_pushed_authorization_requests: bool,
    request_parameter_supported: bool,
    /// Sent as false, because the default is true. Concerns request objects (RFC 9101), not pushed requests.
    request_uri_parameter_supported: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    /// Omitted unless client ID metadata documents are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_metadata_document_supported: Option<bool>,
}

/// Claims of ID tokens and of the userinfo endpoint.
const CLAIMS: [&str; 17] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "name",
    "preferred_username",
    "locale",
    "updated_at",
    "email",
    "email_verified",
    "groups",
];
const SECRET_OR_NONE: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

impl<'a> Metadata<'a> {
    /// Creates the metadata of the service at this origin. `documents`: whether client ID metadata documents are
    /// allowed.
    pub fn of(issuer: &'a str, documents: bool) -> Self {
        let at = |path: &str| format!("{issuer}{path}");
        Self {
            issuer,
            authorization_endpoint: at(paths::OAUTH_AUTHORIZE),
            pushed_authorization_request_endpoint: at(paths::OAUTH_PAR),
            token_endpoint: at(paths::OAUTH_TOKEN),
            userinfo_endpoint: at(paths::OAUTH_USERINFO),
            jwks_uri: at(paths::OAUTH_JWKS),
            introspection_endpoint: at(paths::OAUTH_INTROSPECT),
            revocation_endpoint: at(paths::OAUTH_REVOKE),
            end_session_endpoint: at(paths::OAUTH_LOGOUT),
            scopes_supported: Scope::ALL.map(Scope::code),
            response_types_supported: ["code"],
            response_modes_supported: ["query", "form_post"],
            grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["RS256", "ES256", "EdDSA"],
            token_endpoint_auth_methods_supported: SECRET_OR_NONE,
            introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
            revocation_endpoint_auth_methods_supported: SECRET_OR_NONE,
            code_challenge_methods_supported: ["S256"],
            claim_types_supported: ["normal"],
            claims_supported: CLAIMS,
            acr_values_supported: ["aal1", "aal2"],
            ui_locales_supported: Lang::ALL.iter().map(|lang| lang.code()).collect(),
            prompt_values_supported: ["none", "login", "consent", "select_account"],
            authorization_response_iss_parameter_supported: true,
            claims_parameter_supported: true,
            require_pushed_authorization_requests: false,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            client_id_metadata_document_supported: documents.then_some(true),
        }
    }
}

/// A JSON Resource Descriptor (RFC 7033 section 4.4).
#[derive(Debug, Serialize)]
pub struct Descriptor<'a> {
    subject: &'a str,
    links: Vec<Link<'a>>,
}

#[derive(Debug, Serialize)]
struct Link<'a> {
    rel: &'static str,
    href: &'a str,
}

impl<'a> Descriptor<'a> {
    /// The issuer's, with its link unless only others were requested.
    pub fn of(resource: &'a str, mut rels: impl Iterator<Item = &'a str>, issuer: &'a str) -> Self {
        let wanted = rels.next().is_none_or(|first| first == ISSUER_REL || rels.any(|rel| rel == ISSUER_REL));
        let link = wanted.then_some(Link { rel: ISSUER_REL, href: issuer });
        Self { subject: resource, links: link.into_iter().collect() }
    }
}

/// What a resource is to us.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Resource {
    /// We are the issuer to ask, if there is such an account or not.
    Ours,
    /// Well-formed, and of somebody else.
    Others,
    /// No address.
    Malformed,
}

impl Resource {
    /// Judges a resource by its form alone: an `acct:` of any domain, because mail domains point their WebFinger here,
    /// or a page at our origin.
    pub fn of(text: &str, ours: &Url) -> Self {
        if let Some(account) = text.strip_prefix("acct:") {
            let (user, host) = account.rsplit_once('@').unwrap_or_default();
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=%@".contains(c);
            let is_user = !user.is_empty() && user.chars().all(is_plain);
            return if is_user && is_name(host) { Self::Ours } else { Self::Malformed };
        }
        match Url::parse(text) {
            Ok(url) if url.origin() == ours.origin() && url.username().is_empty() => Self::Ours,
            Ok(_) => Self::Others,
            Err(_) => Self::Malformed,
        }
    }
}

fn is_name(host: &str) -> bool {
    !host.is_empty() && matches!(Host::parse(host), Ok(Host::Domain(_))) && !host.contains('%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webfinger_judges_a_resource_by_its_form() {
        let ours = Url::parse("https://id.example").expect("an origin");
        for (text, resource) in [
            ("acct:alice@id.example", Resource::Ours),
            ("acct:nobody@mail.example", Resource::Ours),
            ("acct:juliet%40capulet.example@shopping.example", Resource::Ours),
            ("https://id.example/alice", Resource::Ours),
            ("https://id.example", Resource::Ours),
            ("https://other.example/alice", Resource::Others),
            ("http://id.example/", Resource::Others),
            ("mailto:alice@id.example", Resource::Others),
            ("acct:alice", Resource::Malformed),
            ("acct:@id.example", Resource::Malformed),
            ("acct:alice@", Resource::Malformed),
            ("acct:al ice@id.example", Resource::Malformed),
            ("acct:alice@id.example/x", Resource::Malformed),
            ("alice", Resource::Malformed),
        ] {
            assert_eq!(Resource::of(text, &ours), resource, "{text}");
        }
    }
}
