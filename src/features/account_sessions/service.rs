//! The use cases: listing and ending sessions, and the trust in browsers.

use uuid::Uuid;

use crate::{
    accounts,
    audit::Event,
    sessions::{
        self, ListedSession, LiveSession, SESSIONS_MAX,
        known_browsers::{self, TrustedBrowser},
    },
    state::AppState,
    types::{Request, SecretToken, SessionId},
    web::AppError,
};

/// The account's live sessions and trusted browsers.
pub async fn list(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
) -> Result<(Vec<ListedSession>, Vec<TrustedBrowser>), AppError> {
    let mut connection = state.db.acquire().await?;
    let listed = sessions::list_live(&mut connection, live.user_id, live.id, SESSIONS_MAX).await?;
    let browser = request.browser.as_ref().map(SecretToken::digest);
    let trusted = known_browsers::list_trusted(&mut connection, live.user_id, browser.as_ref()).await?;
    Ok((listed, trusted))
}

/// Ends one session of the account, if it has such a live session.
pub async fn end(state: &AppState, request: &Request, live: &LiveSession, id: SessionId) -> Result<(), AppError> {
    let mut unit = state.recorder(request).begin().await?;
    if !sessions::revoke_of(&mut unit, live.user_id, id).await? {
        return Err(AppError::NotFound);
    }
    let event = if id == live.id { Event::SignedOut } else { Event::SessionEnded { ended: id } };
    unit.record(event, live.user_id, Some(live.id));
    Ok(unit.commit().await?)
}

/// Ends every session of the account but this one.
pub async fn end_others(state: &AppState, request: &Request, live: &LiveSession) -> Result<(), AppError> {
    let mut unit = state.recorder(request).begin().await?;
    accounts::lock(&mut unit, live.user_id).await?;
    let count = sessions::revoke_others(&mut unit, live.user_id, Some(live.id)).await?;
    if count > 0 {
        unit.record(Event::OtherSessionsEnded { count }, live.user_id, Some(live.id));
    }
    Ok(unit.commit().await?)
}

/// Revokes the trust in one browser of the account, so that it needs the second factor again.
pub async fn forget_browser(state: &AppState, request: &Request, live: &LiveSession, id: Uuid) -> Result<(), AppError> {
    let mut unit = state.recorder(request).begin().await?;
    if !known_browsers::distrust(&mut unit, live.user_id, Some(id)).await? {
        return Err(AppError::NotFound);
    }
    unit.record(Event::BrowserForgotten, live.user_id, Some(live.id));
    Ok(unit.commit().await?)
}
