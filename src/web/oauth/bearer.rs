//! Access tokens in the header (RFC 6750 section 2.1). Those in a form or in the query are refused: they end up in logs.

use std::sync::Arc;

use axum::http::HeaderMap;
use time::OffsetDateTime;

use super::{
    super::{AppError, Ctx},
    Bearer, Challenge, OAuthCode, OAuthError, authorization, credentials,
};
use crate::{
    apps::{
        Scope,
        judge::{Live, Subject},
        tokens::jwt::{self, Validity, Verified},
    },
    state::AppState,
    types::{AppToken, TokenKind},
};

/// Judges the token of a request for our own endpoints.
pub(super) async fn admit(
    ctx: &Ctx,
    scope: Scope,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Bearer, AppError> {
    let sent = ctx.parameters().ok().is_some_and(|parameters| parameters.all("access_token").next().is_some());
    let in_query = query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("access_token")));
    if sent || in_query {
        return Err(with_challenge(OAuthError::invalid_request("the token belongs in the Authorization header")).into());
    }
    let field = authorization(headers)?.ok_or(MISSING)?;
    let token = credentials(field, "Bearer").and_then(|token| str::from_utf8(token).ok()).ok_or(MISSING)?;
    let issuer = ctx.state.config.site.public_url.origin();
    let judged = judged(&ctx.state, token, &[], ctx.now()).await?;
    let Judged { live, scopes, .. } = judged.filter(|judged| judged.audience.contains(&issuer)).ok_or(WORTHLESS)?;
    if !scopes.iter().any(|granted| granted == scope.code()) {
        return Err(with_challenge(OAuthError::new(OAuthCode::InsufficientScope, "the token lacks a scope")).into());
    }
    Ok(Bearer { live, scopes: scopes.into() })
}

/// RFC 6750 section 3.1: a request without a token is told no error.
const MISSING: OAuthError =
    OAuthError { code: None, what: "the request has no access token", challenge: Challenge::Bearer };
const WORTHLESS: OAuthError = with_challenge(OAuthError::new(
    OAuthCode::InvalidToken,
    "the token is unknown, expired or revoked, or for another audience",
));

const fn with_challenge(error: OAuthError) -> OAuthError {
    OAuthError { challenge: Challenge::Bearer, ..error }
}

/// A live access token that came with a request.
#[derive(Debug)]
pub struct Judged {
    /// Its grant.
    pub live: Arc<Live>,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// For whom it is: resources, or our own endpoints under the name of the issuer.
    pub audience: Vec<String>,
    /// When it was issued and expires.
    pub validity: Validity,
}

/// Judges a text as an access token, opaque or signed. A signed one must be for us or for one of these resources.
pub async fn judged(
    state: &AppState,
    token: &str,
    resources: &[String],
    now: OffsetDateTime,
) -> Result<Option<Judged>, AppError> {
    if let Some(opaque) = AppToken::parse(TokenKind::Access, token) {
        let live = state.tokens.judge(&state.db, &state.sessions, Subject::Access(opaque.digest())).await?;
        return Ok(live.and_then(|live| Judged::opaque(live, state.config.site.public_url.origin())));
    }
    let Some(verified) = verified_access(state, token, resources, now).await? else { return Ok(None) };
    let live = state.tokens.judge(&state.db, &state.sessions, Subject::Grant(verified.grant_id)).await?;
    let Verified { scopes, audience, validity, .. } = verified;
    Ok(live.map(|live| Judged { live, scopes, audience, validity }))
}

impl Judged {
    fn opaque(live: Arc<Live>, issuer: String) -> Option<Self> {
        let token = live.token.clone()?;
        let audience = if token.audience.is_empty() { vec![issuer] } else { token.audience };
        let validity =
            Validity { issued_at: token.created_at.unix_timestamp(), expires_at: token.expires_at.unix_timestamp() };
        Some(Self { live, scopes: token.scopes, audience, validity })
    }
}

/// Verifies a signed access token that is for us or for one of these resources. What it is worth is for the judge to say.
pub async fn verified_access(
    state: &AppState,
    token: &str,
    resources: &[String],
    now: OffsetDateTime,
) -> Result<Option<Verified>, AppError> {
    if !token.contains('.') {
        return Ok(None);
    }
    let (keys, issuer) = (state.signing.published().await?, state.config.site.public_url.origin());
    let audiences = [issuer.as_str()].into_iter().chain(resources.iter().map(String::as_str));
    Ok(jwt::verified(token, &keys, &issuer, audiences, now))
}
