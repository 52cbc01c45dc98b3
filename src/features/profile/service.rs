//! The use case: saving a profile.

use crate::{
    accounts,
    audit::Event,
    limits::{self, Key, Spend},
    sessions::LiveSession,
    state::AppState,
    types::{DisplayName, Lang, Request, Throttled},
    web::AppError,
};

/// Saves the display name and the language; `None` follows the browser. Refuses if the account's limit on changes is
/// exhausted. Does nothing if neither changed.
pub async fn save(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    display_name: Option<&DisplayName>,
    language: Option<Lang>,
) -> Result<Result<(), Throttled>, AppError> {
    let name = display_name.map(DisplayName::as_str);
    if name == live.display_name.as_deref() && language.map(Lang::code) == live.language.as_deref() {
        return Ok(Ok(()));
    }
    let mut unit = state.recorder(request).begin().await?;
    let key = Key::changes(live.user_id);
    if let Spend::Limited(throttled) = limits::spend_one(&mut unit, key, limits::CHANGES).await? {
        return Ok(Err(throttled));
    }
    accounts::set_profile(&mut unit, live.user_id, display_name, language).await?;
    unit.record(Event::ProfileChanged, live.user_id, Some(live.id));
    Ok(Ok(unit.commit().await?))
}
