//! `authorization_code` (RFC 6749 section 4.1.3).

use super::{Issue, Issuer};
use crate::{
    apps::{
        self, App,
        grants::{self, Ended, EndedBecause},
        judge::{Subject, judge},
        tokens::{
            codes::{self, Taken},
            pkce, refresh,
        },
    },
    audit::{Event, Unit},
    features::token::{
        forms::CodeRequest,
        model::{Tokens, narrow_resources},
    },
    state::AppState,
    types::{AppToken, Request, TokenKind},
    web::{AppError, OAuthCode, OAuthError},
};

/// Exchanges a code for tokens.
pub async fn exchange(
    state: &AppState,
    request: &Request,
    app: &App,
    wanted: &CodeRequest,
) -> Result<Tokens, AppError> {
    if !app.kind.gets_codes() {
        return Err(OAuthError::new(OAuthCode::UnauthorizedClient, "this app gets no codes").into());
    }
    let code = wanted.code.as_ref().ok_or(OAuthError::invalid_grant())?;
    let issuer = Issuer::of(state, app, request.now).await?;
    let mut unit = state.recorder(request).begin().await?;
    let taken = match codes::take(&mut unit, &code.digest()).await? {
        Some(taken) if is_for(&taken, app, wanted) => taken,
        burnt => return refuse(unit, app, code, burnt).await,
    };
    let Some(live) = judge(&mut unit, Subject::Grant(taken.grant_id)).await? else {
        return refuse(unit, app, code, Some(taken)).await;
    };
    let Some(audience) = narrow_resources(&live.resources, &wanted.resources) else {
        unit.commit().await?;
        return Err(OAuthError::new(OAuthCode::InvalidTarget, "a resource was not granted").into());
    };
    let scopes = live.scopes.clone();
    let issue = Issue { live: &live, scopes, audience, nonce: taken.nonce.as_deref() };
    let mut tokens = issuer.issue(&mut unit, &issue).await?;
    if live.offline {
        let first = AppToken::random(TokenKind::Refresh);
        refresh::insert(&mut unit, &first.digest(), live.grant_id, state.config.apps.refresh_idle).await?;
        tokens.refresh_token = Some(first.reveal().to_owned());
    }
    if taken.challenge.is_some() && app.used_pkce_at.is_none() {
        apps::used_pkce(&mut unit, app.id).await?;
    }
    unit.commit().await?;
    Ok(tokens)
}

/// Returns whether a code is for this app, was sent to this redirect address, and was requested by the same client.
fn is_for(taken: &Taken, app: &App, wanted: &CodeRequest) -> bool {
    taken.is_fresh
        && taken.app_id == app.id
        && taken.redirect_uri == wanted.redirect_uri
        && pkce::fits(taken.challenge.as_deref(), wanted.verifier.as_deref())
}

/// Burns a code that was presented wrongly. One that its app has used before ends its grant (RFC 6749 section
/// 4.1.2), and its owner is told. Others, who may have read it in a log, end nothing.
async fn refuse(mut unit: Unit, app: &App, code: &AppToken, burnt: Option<Taken>) -> Result<Tokens, AppError> {
    if burnt.is_none()
        && let Some(grant) = codes::grant_of(&mut unit, &code.digest(), app.id).await?
        && let Some(Ended { user_id: Some(owner), client_id }) =
            grants::end(&mut unit, grant, EndedBecause::Reuse).await?
    {
        unit.record(Event::CodeReused { client_id }, owner, None);
    }
    unit.commit().await?;
    Err(OAuthError::invalid_grant().into())
}
