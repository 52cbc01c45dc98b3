//! `refresh_token` (RFC 6749 section 6).

use super::{Issue, Issuer};
use crate::{
    apps::{
        App,
        grants::{self, Ended, EndedBecause},
        judge::{Live, Subject, judge},
        tokens::refresh::{self, Rotation, Spent},
    },
    audit::{Event, Unit},
    crypto::successors,
    features::token::{
        forms::RefreshRequest,
        model::{Tokens, narrow_resources, narrow_scopes},
    },
    state::AppState,
    types::{AppToken, GrantId, Request, TokenKind},
    web::{AppError, OAuthCode, OAuthError},
};

/// Exchanges a refresh token for new tokens.
pub async fn refresh(
    state: &AppState,
    request: &Request,
    app: &App,
    wanted: &RefreshRequest,
) -> Result<Tokens, AppError> {
    if !app.kind.gets_codes() {
        return Err(OAuthError::new(OAuthCode::UnauthorizedClient, "this app gets no refresh tokens").into());
    }
    let used = wanted.token.as_ref().ok_or(OAuthError::invalid_grant())?;
    let issuer = Issuer::of(state, app, request.now).await?;
    let mut unit = state.recorder(request).begin().await?;
    let (grant_id, next) = match rotate(&mut unit, state, app, used).await? {
        Rotated::To(grant_id, next) => (grant_id, next),
        Rotated::Refused => return Err(OAuthError::invalid_grant().into()),
        Rotated::Reused(grant_id) => return reused(unit, grant_id).await,
    };
    // What is refused from here on has used nothing: the unit is dropped.
    let live = judge(&mut unit, Subject::Grant(grant_id)).await?.ok_or(OAuthError::invalid_grant())?;
    let issue = issue_of(&live, wanted)?;
    let mut tokens = issuer.issue(&mut unit, &issue).await?;
    tokens.refresh_token = Some(next.reveal().to_owned());
    unit.commit().await?;
    Ok(tokens)
}

/// What became of a refresh token.
enum Rotated {
    /// Its successor, now or within the grace.
    To(GrantId, AppToken),
    /// It is worth nothing.
    Refused,
    /// Two parties have it.
    Reused(GrantId),
}

async fn rotate(unit: &mut Unit, state: &AppState, app: &App, used: &AppToken) -> Result<Rotated, AppError> {
    let (next, settings) = (AppToken::random(TokenKind::Refresh), &state.config.apps);
    let sealed = successors::seal(used, &next).ok_or_else(|| AppError::fault("a refresh token cannot be sealed"))?;
    let (digest, next_digest) = (used.digest(), next.digest());
    let rotation =
        Rotation { used: &digest, app: app.id, next: &next_digest, sealed: &sealed, idle: settings.refresh_idle };
    if let Some(grant_id) = refresh::rotate(unit, &rotation).await? {
        return Ok(Rotated::To(grant_id, next));
    }
    let Some(spent) = refresh::look(unit, &digest, settings.refresh_grace).await? else { return Ok(Rotated::Refused) };
    Ok(again(app, used, spent))
}

/// A token that could not be used: repeated within the grace, expired, or in the wrong hands.
fn again(app: &App, used: &AppToken, spent: Spent) -> Rotated {
    let Spent { grant_id, app_id, successor, is_expired } = spent;
    if app_id != app.id {
        return Rotated::Reused(grant_id);
    }
    match successor.and_then(|sealed| successors::open(used, &sealed)) {
        Some(next) => Rotated::To(grant_id, next),
        None if is_expired => Rotated::Refused,
        None => Rotated::Reused(grant_id),
    }
}

/// Ends the grant, and tells its owner.
async fn reused(mut unit: Unit, grant_id: GrantId) -> Result<Tokens, AppError> {
    // The grant's app: the one that presents the token may be a thief.
    if let Some(Ended { user_id: Some(owner), client_id }) =
        grants::end(&mut unit, grant_id, EndedBecause::Reuse).await?
    {
        unit.record(Event::RefreshReused { client_id }, owner, None);
    }
    unit.commit().await?;
    Err(OAuthError::invalid_grant().into())
}

/// The scopes and resources of the new access token: those of the grant, or fewer. The refresh token keeps all.
fn issue_of<'a>(live: &'a Live, wanted: &RefreshRequest) -> Result<Issue<'a>, OAuthError> {
    let wider = || OAuthError::new(OAuthCode::InvalidScope, "a scope was not granted");
    let scopes = narrow_scopes(&live.scopes, wanted.scope.as_deref()).ok_or_else(wider)?;
    // Clients recover from `invalid_grant` by asking the person again, and from `invalid_target` not at all.
    let elsewhere = || OAuthError::new(OAuthCode::InvalidGrant, "a resource was not granted");
    let audience = narrow_resources(&live.resources, &wanted.resources).ok_or_else(elsewhere)?;
    Ok(Issue { live, scopes, audience, nonce: None })
}
