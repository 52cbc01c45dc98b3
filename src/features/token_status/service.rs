//! The use cases.

use super::model::{Introspection, Judged};
use crate::{
    apps::{
        App,
        grants::{self, EndedBecause},
        judge::{Live, Subject, judge},
        tokens::{
            access,
            jwt::{Validity, Verified},
            refresh,
        },
    },
    state::AppState,
    types::{AppToken, Request, TokenKind},
    web::{AppError, oauth::verified_access},
};

/// Says what a token is worth to an app.
pub async fn introspect(
    state: &AppState,
    request: &Request,
    app: &App,
    token: &str,
) -> Result<Introspection, AppError> {
    let judged = judged(state, request, app, token).await?.filter(|judged| judged.concerns(app));
    let issuer = state.config.site.public_url.origin();
    Ok(judged.map_or(Introspection::INACTIVE, |judged| Introspection::active(judged, issuer)))
}

async fn judged(state: &AppState, request: &Request, app: &App, token: &str) -> Result<Option<Judged>, AppError> {
    if let Some(opaque) = AppToken::parse(TokenKind::Access, token) {
        let mut connection = state.db.acquire().await?;
        let live = judge(&mut connection, Subject::Access(opaque.digest())).await?;
        return Ok(live.and_then(|live| opaque_of(live, state.config.site.public_url.origin())));
    }
    // An app's own tokens are for us or for its resources, and so are others that concern it.
    let Some(verified) = verified_access(state, token, &app.resources, request.now).await? else { return Ok(None) };
    let mut connection = state.db.acquire().await?;
    let live = judge(&mut connection, Subject::Grant(verified.grant_id)).await?;
    let Verified { scopes, audience, validity, .. } = verified;
    Ok(live.map(|live| Judged { live, scopes, audience, validity }))
}

/// The token's audience is the userinfo endpoint, ours, if it names no resource.
fn opaque_of(mut live: Live, issuer: String) -> Option<Judged> {
    let token = live.token.take()?;
    let audience = if token.audience.is_empty() { vec![issuer] } else { token.audience };
    let validity =
        Validity { issued_at: token.created_at.unix_timestamp(), expires_at: token.expires_at.unix_timestamp() };
    Some(Judged { live, scopes: token.scopes, audience, validity })
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
