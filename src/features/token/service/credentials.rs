//! `client_credentials` (RFC 6749 section 4.4).

use super::{Issue, Issuer};
use crate::{
    apps::{
        App, AppKind,
        judge::{Subject, judge},
        tokens::access,
    },
    features::token::{
        forms::CredentialsRequest,
        model::{Tokens, narrow_resources, narrow_scopes},
    },
    state::AppState,
    types::{GrantId, Request},
    web::{AppError, OAuthCode, OAuthError},
};

/// Gives a service an access token for itself.
pub async fn grant(
    state: &AppState,
    request: &Request,
    app: &App,
    wanted: &CredentialsRequest,
) -> Result<Tokens, AppError> {
    if app.kind != AppKind::Service {
        return Err(OAuthError::new(OAuthCode::UnauthorizedClient, "this app acts for people only").into());
    }
    let wider = || OAuthError::new(OAuthCode::InvalidScope, "a scope is not one of the app's");
    let scopes = narrow_scopes(&app.scopes, wanted.scope.as_deref()).ok_or_else(wider)?;
    let elsewhere = || OAuthError::new(OAuthCode::InvalidTarget, "a resource is not one of the app's");
    let audience = narrow_resources(&app.resources, &wanted.resources).ok_or_else(elsewhere)?;
    let issuer = Issuer::of(state, app, request.now).await?;
    let mut unit = state.recorder(request).begin().await?;
    let (id, lasts) = (GrantId::random(), state.config.apps.access_token.as_secs_f64());
    access::open_for_app(&mut unit, (id, app.id), &scopes, &audience, lasts).await?;
    // An app that was disabled meanwhile gets nothing.
    let live = judge(&mut unit, Subject::Grant(id)).await?.ok_or(OAuthError::invalid_grant())?;
    let issue = Issue { live: &live, scopes, audience, nonce: None };
    let tokens = issuer.issue(&mut unit, &issue).await?;
    unit.commit().await?;
    Ok(tokens)
}
