//! The use case: ending the visitor's session.

use crate::{
    audit::Event,
    sessions::{self, LiveSession},
    state::AppState,
    types::Request,
    web::AppError,
};

/// Ends a session. A double click ends it once.
pub async fn sign_out(state: &AppState, request: &Request, live: &LiveSession) -> Result<(), AppError> {
    let mut unit = state.recorder(request).begin().await?;
    if sessions::revoke(&mut unit, live.id).await? {
        unit.record(Event::SignedOut, live.user_id, Some(live.id));
    }
    Ok(unit.commit().await?)
}
