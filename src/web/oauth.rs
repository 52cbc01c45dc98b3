//! The dialect of the endpoints that apps call: how an app authenticates, how a bearer of a token does, and errors as
//! RFC 6749 and RFC 6750 want them.
//!
//! 1. [`Access::Client`](super::Access::Client): the app names itself in the `Authorization` header or in the form, with
//!    a secret if it has one, never both ways. Its handler takes it as [`Client`].
//! 2. [`Access::Bearer`](super::Access::Bearer): the token stands in the header and nowhere else. Its handler takes what
//!    the judge says of it as [`Bearer`].
//! 3. Every error is `{error, error_description}`, never cached. Its description is for the developer of the app and
//!    tells what is wrong with the request, never what is known about tokens.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use super::{AppError, Ctx, JSON, Repeated};
use crate::{
    apps::{App, Scope, judge::Live},
    state::AppState,
};

mod bearer;
mod client;
pub(super) mod cors;

pub use bearer::{Judged, judged, verified_access};

/// Error codes of RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 7009, RFC 8707 and, of pushed requests, RFC 9126.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum OAuthCode {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest,
    /// The app did not authenticate.
    InvalidClient,
    /// The code or refresh token is worth nothing.
    InvalidGrant,
    /// The app may not use this grant type.
    UnauthorizedClient,
    /// The grant type is unknown.
    UnsupportedGrantType,
    /// A scope exceeds what was granted.
    InvalidScope,
    /// A resource was not granted.
    InvalidTarget,
    /// Only codes are issued.
    UnsupportedResponseType,
    /// Requests in a JWT are not supported (RFC 9101).
    RequestNotSupported,
    /// Apps do not register in a request.
    RegistrationNotSupported,
    /// The access token is worth nothing.
    InvalidToken,
    /// The access token lacks a scope.
    InsufficientScope,
    /// Try again later.
    TemporarilyUnavailable,
    /// A bug of ours.
    ServerError,
}

/// What a 401 or 403 asks for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Challenge {
    #[default]
    None,
    /// The app used the `Authorization` header.
    Basic,
    /// The endpoint takes access tokens.
    Bearer,
}

/// An error of an endpoint that apps call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OAuthError {
    code: Option<OAuthCode>,
    what: &'static str,
    challenge: Challenge,
}

impl OAuthError {
    /// An error with a description for the developer of the app.
    pub const fn new(code: OAuthCode, what: &'static str) -> Self {
        Self { code: Some(code), what, challenge: Challenge::None }
    }

    /// A parameter is missing, repeated or malformed.
    pub const fn invalid_request(what: &'static str) -> Self {
        Self::new(OAuthCode::InvalidRequest, what)
    }

    /// The code or refresh token is worth nothing. One answer for every reason.
    pub const fn invalid_grant() -> Self {
        Self::new(OAuthCode::InvalidGrant, "it is unknown, used, expired, revoked or not for this app")
    }

    /// The status of its response.
    pub(super) fn status(self) -> StatusCode {
        match self.code {
            None | Some(OAuthCode::InvalidClient | OAuthCode::InvalidToken) => StatusCode::UNAUTHORIZED,
            Some(OAuthCode::InsufficientScope) => StatusCode::FORBIDDEN,
            Some(OAuthCode::TemporarilyUnavailable) => StatusCode::SERVICE_UNAVAILABLE,
            Some(OAuthCode::ServerError) => StatusCode::INTERNAL_SERVER_ERROR,
            Some(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// `WWW-Authenticate` (RFC 6749 section 5.2, RFC 6750 section 3).
    fn challenge(self) -> Option<String> {
        let code = self.code.map(<&str>::from);
        match (self.challenge, code) {
            (Challenge::None, _) => None,
            (Challenge::Basic, _) => Some("Basic realm=\"vestibule\", charset=\"UTF-8\"".to_owned()),
            (Challenge::Bearer, None) => Some("Bearer realm=\"vestibule\"".to_owned()),
            (Challenge::Bearer, Some(code)) => {
                let scope = if self.code == Some(OAuthCode::InsufficientScope) { ", scope=\"openid\"" } else { "" };
                Some(format!(
                    "Bearer realm=\"vestibule\", error=\"{code}\", error_description=\"{}\"{scope}",
                    self.what
                ))
            }
        }
    }
}

impl From<OAuthError> for AppError {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl From<Repeated> for AppError {
    fn from(_: Repeated) -> Self {
        OAuthError::invalid_request("a parameter is repeated").into()
    }
}

/// Renders an error of an endpoint that apps call. Its status is that of `bare`.
pub(super) fn render(error: Option<&AppError>, retry_after: Option<Duration>, bare: &Response) -> Response {
    let status = bare.status();
    let oauth = match error {
        Some(AppError::OAuth(error)) => *error,
        Some(AppError::BadRequest(what)) => OAuthError::invalid_request(what),
        _ => of_status(status),
    };
    let code = oauth.code.map_or("invalid_token", <&str>::from);
    let mut response = Json(json!({ "error": code, "error_description": oauth.what })).into_response();
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.extend(
        oauth.challenge().and_then(|text| HeaderValue::try_from(text).ok()).map(|c| (header::WWW_AUTHENTICATE, c)),
    );
    headers.extend(retry_after.map(|wait| (header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)))));
    let kept = [header::ALLOW, header::CONNECTION, header::ACCESS_CONTROL_ALLOW_ORIGIN, header::VARY];
    let kept = bare.headers().iter().filter(|(name, _)| kept.contains(name));
    headers.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
    response
}

fn of_status(status: StatusCode) -> OAuthError {
    match status {
        StatusCode::TOO_MANY_REQUESTS => OAuthError::new(OAuthCode::TemporarilyUnavailable, "too many attempts failed"),
        StatusCode::METHOD_NOT_ALLOWED => OAuthError::invalid_request("the method is not allowed"),
        StatusCode::PAYLOAD_TOO_LARGE => OAuthError::invalid_request("the body is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            OAuthError::invalid_request("the body must be application/x-www-form-urlencoded")
        }
        StatusCode::INTERNAL_SERVER_ERROR => OAuthError::new(OAuthCode::ServerError, "an internal error"),
        _ if status.is_server_error() => OAuthError::new(OAuthCode::TemporarilyUnavailable, "try again later"),
        _ => OAuthError::invalid_request("the request is malformed"),
    }
}

/// The app that authenticated, for handlers of routes that require one.
#[derive(Clone, Debug)]
pub struct Client(pub Arc<App>);

/// A live grant whose access token came with the request, and the scopes of the token.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The grant.
    pub live: Arc<Live>,
    /// The scopes of the token.
    pub scopes: Arc<[String]>,
}

/// Authenticates the app, for its handler.
pub(super) async fn admit_client(ctx: &Ctx, request: &mut Request) -> Result<(), AppError> {
    let app = client::authenticate(ctx, request.headers(), request.uri().query()).await?;
    request.extensions_mut().insert(Client(app));
    Ok(())
}

/// Judges the access token of a request, for its handler.
pub(super) async fn admit_bearer(ctx: &Ctx, scope: Scope, request: &mut Request) -> Result<(), AppError> {
    let bearer = bearer::admit(ctx, scope, request.headers(), request.uri().query()).await?;
    request.extensions_mut().insert(bearer);
    Ok(())
}

/// The only `Authorization` field of a request.
fn authorization(headers: &HeaderMap) -> Result<Option<&[u8]>, OAuthError> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    match (fields.next(), fields.next()) {
        (field, None) => Ok(field.map(HeaderValue::as_bytes)),
        (_, Some(_)) => Err(OAuthError::invalid_request("the Authorization header is repeated")),
    }
}

/// The credentials of an `Authorization` field with this scheme, whose case does not count.
fn credentials<'a>(field: &'a [u8], scheme: &str) -> Option<&'a [u8]> {
    let (found, rest) = field.split_at_checked(scheme.len())?;
    let rest = rest.strip_prefix(b" ").filter(|_| found.eq_ignore_ascii_case(scheme.as_bytes()))?;
    Some(rest.trim_ascii_start())
}

impl FromRequestParts<AppState> for Client {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, AppError> {
        let client = parts.extensions.get().cloned();
        client.ok_or_else(|| AppError::fault("the route's access policy admits requests without an app"))
    }
}

impl FromRequestParts<AppState> for Bearer {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, AppError> {
        let bearer = parts.extensions.get().cloned();
        bearer.ok_or_else(|| AppError::fault("the route's access policy admits requests without a token"))
    }
}
