//! The use cases: listing connected apps, and removing one.

use crate::{
    apps::{
        self, App, Consent,
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

/// What ended with the access of an app.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removed {
    /// The consent, so that the user is asked again.
    Consent,
    /// The sign-ins only: the operator allows the app for everyone.
    SignIns,
}

/// Withdraws the consent to an app, and ends the account's grants to it.
pub async fn remove(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    app_id: AppId,
) -> Result<Removed, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    let withdrawn = consents::withdraw(&mut unit, live.user_id, app_id).await?;
    let ended = grants::end_of(&mut unit, live.user_id, app_id, EndedBecause::Consent).await?;
    let app = apps::find_by_id(&mut unit, app_id).await?.filter(|_| withdrawn.is_some() || ended > 0);
    let App { client_id, consent, .. } = app.ok_or(AppError::NotFound)?;
    unit.record(Event::ConsentWithdrawn { client_id }, live.user_id, Some(live.id));
    unit.commit().await?;
    Ok(if consent == Consent::Trusted { Removed::SignIns } else { Removed::Consent })
}
