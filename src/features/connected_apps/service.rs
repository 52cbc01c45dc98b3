//! The use cases: listing connected apps, and taking back what one was allowed.

use crate::{
    apps::{
        consents::{self, ConnectedApp},
        grants::{self, EndedBecause},
    },
    audit::Event,
    sessions::LiveSession,
    state::AppState,
    types::{AppId, Request},
    web::AppError,
};

/// The apps that the account has allowed something.
pub async fn list(state: &AppState, live: &LiveSession) -> Result<Vec<ConnectedApp>, AppError> {
    Ok(consents::list(&mut *state.db.acquire().await?, live.user_id).await?)
}

/// Takes back what an app was allowed, and ends what came of it.
pub async fn remove(state: &AppState, request: &Request, live: &LiveSession, app_id: AppId) -> Result<(), AppError> {
    let mut unit = state.recorder(request).begin().await?;
    let client_id = consents::withdraw(&mut unit, live.user_id, app_id).await?.ok_or(AppError::NotFound)?;
    grants::end_of(&mut unit, live.user_id, app_id, EndedBecause::Consent).await?;
    unit.record(Event::ConsentWithdrawn { client_id }, live.user_id, Some(live.id));
    Ok(unit.commit().await?)
}
