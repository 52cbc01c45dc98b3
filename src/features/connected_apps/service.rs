//! The use cases: listing connected apps, and removing one.

use crate::{
    apps::{
        self,
        consents::{self, ConnectedApp},
        grants::{self, EndedBecause},
    },
    audit::Event,
    sessions::LiveSession,
    state::AppState,
    types::{AppId, Request},
    web::AppError,
};

/// Lists the apps that the account has consented to, and others with a live grant.
pub async fn list(state: &AppState, live: &LiveSession) -> Result<Vec<ConnectedApp>, AppError> {
    Ok(consents::list(&mut *state.db.acquire().await?, live.user_id).await?)
}

/// Withdraws the consent to an app, and ends the account's grants to it.
pub async fn remove(state: &AppState, request: &Request, live: &LiveSession, app_id: AppId) -> Result<(), AppError> {
    let mut unit = state.recorder(request).begin().await?;
    let withdrawn = consents::withdraw(&mut unit, live.user_id, app_id).await?;
    let ended = grants::end_of(&mut unit, live.user_id, app_id, EndedBecause::Consent).await?;
    let client_id = match withdrawn {
        Some(client_id) => client_id,
        // A trusted app has no consent.
        None if ended > 0 => apps::find_by_id(&mut unit, app_id).await?.ok_or(AppError::NotFound)?.client_id,
        None => return Err(AppError::NotFound),
    };
    unit.record(Event::ConsentWithdrawn { client_id }, live.user_id, Some(live.id));
    Ok(unit.commit().await?)
}
