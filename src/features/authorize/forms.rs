//! Parses and validates the parameters of an app's request.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use uuid::Uuid;

use super::model::{AuthorizationRequest, ErrorCode, Prompt, Target};
use crate::{
    apps::{App, AppKind, Scope, address, requests},
    types::{Lang, SecretToken},
    web::{OAuthCode, OAuthError, Parameters, Repeated},
};

/// Maximum size of all parameters, in bytes.
const TOTAL_MAX: usize = 8000;
/// Maximum length of `state`, in characters.
const STATE_MAX: usize = 2000;
/// Maximum length of `scope`, in bytes.
const SCOPE_MAX: usize = 1000;
/// Maximum length of `nonce`, in characters.
const NONCE_MAX: usize = 512;
/// Maximum length of `login_hint`, in characters: that of an email address.
const HINT_MAX: usize = 254;

/// Why a request gets an error page instead of a redirect: its redirect address is unknown, or it is malformed. For the
/// log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Malformed(pub &'static str);

/// An error response to the app.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The error code.
    pub code: ErrorCode,
    /// A sentence for the app's developer.
    pub description: &'static str,
}

const fn invalid(description: &'static str) -> Refusal {
    Refusal { code: ErrorCode::InvalidRequest, description }
}

impl From<Repeated> for Refusal {
    fn from(_: Repeated) -> Self {
        invalid("a parameter came more than once")
    }
}

impl From<Malformed> for OAuthError {
    fn from(Malformed(reason): Malformed) -> Self {
        Self::invalid_request(reason)
    }
}

impl From<Refusal> for OAuthError {
    fn from(Refusal { code, description }: Refusal) -> Self {
        let code = match code {
            ErrorCode::UnsupportedResponseType => OAuthCode::UnsupportedResponseType,
            ErrorCode::InvalidTarget => OAuthCode::InvalidTarget,
            ErrorCode::RequestNotSupported => OAuthCode::RequestNotSupported,
            ErrorCode::RegistrationNotSupported => OAuthCode::RegistrationNotSupported,
            _ => OAuthCode::InvalidRequest,
        };
        Self::new(code, if description.is_empty() { "the parameter is not supported" } else { description })
    }
}

/// Refuses oversized requests, and control characters.
pub fn check_size(parameters: &Parameters) -> Result<(), Malformed> {
    let mut total = 0;
    for (name, value) in parameters.iter() {
        total += name.len() + value.len() + 2;
        // JSON may span several lines.
        let allowed = |c: char| name == "claims" && matches!(c, '\n' | '\r' | '\t');
        if value.chars().chain(name.chars()).any(|c| c.is_control() && !allowed(c)) {
            return Err(Malformed("a control character"));
        }
        if name == "state" && value.chars().count() > STATE_MAX {
            return Err(Malformed("state is longer than 2,000 characters"));
        }
        if name == "scope" && value.len() > SCOPE_MAX {
            return Err(Malformed("scope is longer than 1,000 bytes"));
        }
    }
    if total > TOTAL_MAX { Err(Malformed("the parameters are longer than 8,000 bytes")) } else { Ok(()) }
}

/// Returns the id of the pushed request that `request_uri` names, if any (RFC 9126 section 4). [`parse`] refuses any
/// other `request_uri`.
pub fn pushed(parameters: &Parameters) -> Result<Option<SecretToken>, Malformed> {
    let uri = parameters.one("request_uri").ok().flatten();
    let id = uri.and_then(|uri| uri.strip_prefix(requests::URI_PREFIX));
    id.map(|id| SecretToken::parse(id).ok_or(Malformed("request_uri is malformed"))).transpose()
}

/// Returns why a request gets a page of ours although the app could be answered: nobody has checked a document, so no
/// browser is sent to what it names before its user agreed (RFC 9700 section 4.11.2).
pub fn answers_unasked(app: &App, parsed: &Result<AuthorizationRequest, Refusal>) -> Option<Malformed> {
    match parsed {
        Err(Refusal { description: "", .. }) if app.kind == AppKind::Document => Some(Malformed("not supported")),
        Err(refusal) if app.kind == AppKind::Document => Some(Malformed(refusal.description)),
        Ok(request) if request.is_silent_for_unchecked(app) => Some(Malformed("prompt=none of an unchecked app")),
        _ => None,
    }
}

/// Validates a pushed request in the same way as one from a browser.
pub fn push(app: &App, parameters: &Parameters) -> Result<AuthorizationRequest, OAuthError> {
    check_size(parameters)?;
    if !app.kind.gets_codes() {
        return Err(OAuthError::new(OAuthCode::UnauthorizedClient, "nobody signs in to an app of this kind here"));
    }
    if parameters.all("request_uri").next().is_some() {
        return Err(OAuthError::invalid_request("request_uri cannot be pushed"));
    }
    let target = target(app, parameters)?;
    Ok(parse(app, &target, parameters)?)
}

/// Returns the `client_id` of a request.
pub fn client_id(parameters: &Parameters) -> Result<&str, Malformed> {
    match parameters.one("client_id") {
        Ok(Some(client_id)) if client_id.len() <= address::MAX => Ok(client_id),
        Ok(Some(_)) => Err(Malformed("client_id is too long")),
        Ok(None) => Err(Malformed("no client_id")),
        Err(Repeated) => Err(Malformed("client_id came more than once")),
    }
}

/// Returns where the response goes, if the app registered that address.
pub fn target(app: &App, parameters: &Parameters) -> Result<Target, Malformed> {
    if !app.is_enabled() {
        return Err(Malformed("the app is disabled"));
    }
    if !app.kind.gets_codes() {
        return Err(Malformed("nobody signs in to an app of this kind here"));
    }
    let redirect_uri = match parameters.one("redirect_uri") {
        Ok(Some(redirect_uri)) => redirect_uri,
        Ok(None) => return Err(Malformed("no redirect_uri")),
        Err(Repeated) => return Err(Malformed("redirect_uri came more than once")),
    };
    // Validated again: a row may be older than a rule.
    if !app.redirects_to(redirect_uri) || address::check_redirect(redirect_uri).is_err() {
        return Err(Malformed("redirect_uri is not registered"));
    }
    let state = parameters.one("state").ok().flatten().map(str::to_owned);
    let form_post = parameters.one("response_mode") == Ok(Some("form_post")) && is_web(redirect_uri);
    Ok(Target { redirect_uri: redirect_uri.to_owned(), state, form_post })
}

fn is_web(redirect_uri: &str) -> bool {
    redirect_uri.starts_with("https://") || redirect_uri.starts_with("http://")
}

/// Parses the other parameters of a request.
pub fn parse(app: &App, target: &Target, parameters: &Parameters) -> Result<AuthorizationRequest, Refusal> {
    parameters.one("state")?;
    refuse_objects(parameters)?;
    match parameters.one("response_type")? {
        Some("code") => {}
        Some(_) => return Err(Refusal { code: ErrorCode::UnsupportedResponseType, description: "only code" }),
        None => return Err(invalid("no response_type")),
    }
    match parameters.one("response_mode")? {
        None | Some("query") => {}
        Some("form_post") if target.form_post => {}
        Some(_) => return Err(invalid("response_mode is query, or form_post to an https address")),
    }
    let requested: Vec<&str> = parameters.one("scope")?.unwrap_or_default().split(' ').collect();
    let scopes = app.grantable(&requested);
    let nonce = parameters.one("nonce")?;
    if nonce.is_some_and(|nonce| nonce.chars().count() > NONCE_MAX) {
        return Err(invalid("nonce is longer than 512 characters"));
    }
    let wanted = Wanted::of(parameters.one("claims")?, &scopes)?;
    let hint = parameters.one("login_hint")?.filter(|hint| hint.chars().count() <= HINT_MAX);
    let lang = parameters.one("ui_locales")?.and_then(Lang::of_tags);
    for ignored in ["display", "claims_locales", "audience"] {
        parameters.one(ignored)?;
    }
    Ok(AuthorizationRequest {
        target: target.clone(),
        resources: resources(app, parameters)?,
        challenge: challenge(app, parameters)?,
        nonce: nonce.map(str::to_owned),
        prompt: prompt(parameters.one("prompt")?)?,
        max_age: max_age(parameters.one("max_age")?)?,
        aal: level(parameters.one("acr_values")?.unwrap_or_default().split(' ')).or(wanted.aal),
        login_hint: hint.map(str::to_owned),
        lang,
        subject: wanted.subject.or(subject_of(parameters.one("id_token_hint")?)),
        claims: wanted.claims,
        scopes,
    })
}

/// Refuses request objects (RFC 9101) and inline registration. Ignoring them is unsafe: the other parameters may
/// differ.
fn refuse_objects(parameters: &Parameters) -> Result<(), Refusal> {
    for (name, code) in [
        ("request", ErrorCode::RequestNotSupported),
        ("request_uri", ErrorCode::RequestUriNotSupported),
        ("registration", ErrorCode::RegistrationNotSupported),
    ] {
        if parameters.one(name)?.is_some() {
            return Err(Refusal { code, description: "" });
        }
    }
    Ok(())
}

/// Parses the PKCE challenge (RFC 7636); S256 only.
fn challenge(app: &App, parameters: &Parameters) -> Result<Option<[u8; 32]>, Refusal> {
    let (challenge, method) = (parameters.one("code_challenge")?, parameters.one("code_challenge_method")?);
    let Some(challenge) = challenge else {
        return match method {
            Some(_) => Err(invalid("code_challenge_method without code_challenge")),
            None if app.requires_pkce() => Err(invalid("this app must send a code_challenge")),
            None => Ok(None),
        };
    };
    if method != Some("S256") {
        return Err(invalid("code_challenge_method must be S256"));
    }
    let mut bytes = [0; 32];
    let decoded = URL_SAFE_NO_PAD.decode_slice(challenge, &mut bytes);
    if challenge.len() == 43 && decoded == Ok(32) {
        return Ok(Some(bytes));
    }
    Err(invalid("code_challenge must be 43 characters of base64url"))
}

/// Returns the requested resources (RFC 8707), spelled as they were registered.
fn resources(app: &App, parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    let mut resources: Vec<String> = Vec::new();
    for wanted in parameters.all("resource") {
        let Some(found) = address::find_resource(&app.resources, wanted) else {
            return Err(Refusal { code: ErrorCode::InvalidTarget, description: "the app may not use this resource" });
        };
        if !resources.contains(found) {
            resources.push(found.clone());
        }
    }
    Ok(resources)
}

fn prompt(text: Option<&str>) -> Result<Prompt, Refusal> {
    let mut prompt = Prompt::default();
    for value in text.unwrap_or_default().split(' ').filter(|value| !value.is_empty()) {
        match value {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => return Err(invalid("prompt has a value that we do not support")),
        }
    }
    if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
        return Err(invalid("prompt=none goes with no other value"));
    }
    Ok(prompt)
}

fn max_age(text: Option<&str>) -> Result<Option<u32>, Refusal> {
    let is_number = |text: &str| text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        None => Ok(None),
        Some(text) if is_number(text) => Ok(text.parse().ok()),
        Some(_) => Err(invalid("max_age is a number of seconds")),
    }
}

/// Returns the lowest level in a list of `acr` values, ignoring unknown ones.
fn level<'a>(values: impl Iterator<Item = &'a str>) -> Option<i16> {
    let known = |value: &str| [("aal1", 1), ("aal2", 2)].into_iter().find(|(name, _)| *name == value);
    values.filter_map(|value| Some(known(value)?.1)).min()
}

/// The supported part of the parameter `claims` (OpenID Connect Core section 5.5).
#[derive(Debug, Default)]
struct Wanted {
    claims: Vec<String>,
    aal: Option<i16>,
    subject: Option<Uuid>,
}

/// Claims, each with the scope that permits it.
const CLAIMS: [(&str, Option<Scope>); 9] = [
    ("auth_time", None),
    ("acr", None),
    ("name", Some(Scope::Profile)),
    ("preferred_username", Some(Scope::Profile)),
    ("locale", Some(Scope::Profile)),
    ("updated_at", Some(Scope::Profile)),
    ("email", Some(Scope::Email)),
    ("email_verified", Some(Scope::Email)),
    ("groups", Some(Scope::Groups)),
];

impl Wanted {
    fn of(text: Option<&str>, scopes: &[String]) -> Result<Self, Refusal> {
        let Some(text) = text else { return Ok(Self::default()) };
        let Ok(Value::Object(claims)) = serde_json::from_str(text) else {
            return Err(invalid("claims is not a JSON object"));
        };
        let Some(Value::Object(wanted)) = claims.get("id_token") else { return Ok(Self::default()) };
        let is_allowed = |scope: Option<Scope>| scope.is_none_or(|scope| scopes.iter().any(|s| s == scope.code()));
        let names = CLAIMS.iter().filter(|(name, scope)| wanted.contains_key(*name) && is_allowed(*scope));
        let acr = wanted.get("acr").filter(|acr| acr["essential"] == true);
        let values = acr.and_then(|acr| acr["values"].as_array()).map(Vec::as_slice).unwrap_or_default();
        let value = acr.and_then(|acr| acr["value"].as_str());
        Ok(Self {
            claims: names.map(|(name, _)| (*name).to_owned()).collect(),
            aal: level(values.iter().filter_map(Value::as_str).chain(value)),
            subject: wanted.get("sub").and_then(|sub| Uuid::try_parse(sub["value"].as_str()?).ok()),
        })
    }
}

/// Returns the subject of an ID token without verifying it: at worst, the user is asked for consent.
fn subject_of(id_token: Option<&str>) -> Option<Uuid> {
    let claims = URL_SAFE_NO_PAD.decode(id_token?.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Uuid::try_parse(claims["sub"].as_str()?).ok()
}
