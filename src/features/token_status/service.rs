//! The use cases.

use super::model::Introspection;
use crate::{
    apps::{
        App, ClientAuth,
        grants::{self, EndedBecause},
        judge::{Subject, judge},
        tokens::{access, refresh},
    },
    state::AppState,
    types::{AppToken, Request, TokenKind},
    web::{
        AppError, OAuthCode, OAuthError,
        oauth::{Judged, judged, verified_access},
    },
};

/// Says what a token is worth to an app.
pub async fn introspect(
    state: &AppState,
    request: &Request,
    app: &App,
    token: &str,
) -> Result<Introspection, AppError> {
    if app.auth == ClientAuth::None {
        return Err(OAuthError::new(OAuthCode::UnauthorizedClient, "an app without a secret cannot introspect").into());
    }
    // An app's own tokens are for us or for its resources, and so are others that concern it.
    let judged = judged(state, token, &app.resources, request.now).await?.filter(|judged| concerns(judged, app));
    let issuer = state.config.site.public_url.origin();
    Ok(judged.map_or(Introspection::INACTIVE, |judged| Introspection::active(judged, issuer)))
}

/// Returns whether an app may learn about a token: its own, or one for a resource of the app.
fn concerns(judged: &Judged, app: &App) -> bool {
    judged.live.app_id == app.id || judged.audience.iter().any(|audience| app.resources.contains(audience))
}

/// Revokes a token of an app. Says nothing of tokens that are not.
pub async fn revoke(state: &AppState, request: &Request, app: &App, token: &str) -> Result<(), AppError> {
    let signed = verified_access(state, token, &app.resources, request.now).await?;
    let mut unit = state.recorder(request).begin().await?;
    if let Some(opaque) = AppToken::parse(TokenKind::Access, token) {
        access::revoke(&mut unit, &opaque.digest(), app.id).await?;
    } else if let Some(refresh) = AppToken::parse(TokenKind::Refresh, token) {
        if let Some(grant) = refresh::grant_of(&mut unit, &refresh.digest(), app.id).await? {
            grants::end(&mut unit, grant, EndedBecause::Revoked).await?;
        }
    } else if let Some(verified) = signed {
        let live = judge(&mut unit, Subject::Grant(verified.grant_id)).await?;
        if let Some(live) = live.filter(|live| live.app_id == app.id) {
            grants::end(&mut unit, live.grant_id, EndedBecause::Revoked).await?;
        }
    }
    unit.commit().await?;
    Ok(())
}
