//! The use case: saving what changed.

use std::time::Duration;

use crate::{
    accounts,
    audit::{self, Event},
    limits::{self, Key, Taken},
    sessions::LiveSession,
    signin,
    state::AppState,
    types::{DisplayName, Lang},
    web::{AppError, Ctx},
};

/// What a person may say about themselves.
#[derive(Debug)]
pub struct Profile {
    /// What they want to be called.
    pub display_name: Option<DisplayName>,
    /// The language they want; none for whatever the browser asks for.
    pub language: Option<Lang>,
}

/// What became of it.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Saved {
    /// It stands there now.
    Done,
    /// Too many changes of this account.
    SlowDown(Duration),
}

/// Saves it. What was saved before already leaves no trace.
pub async fn save(state: &AppState, ctx: &Ctx, live: &LiveSession, profile: &Profile) -> Result<Saved, AppError> {
    let Profile { display_name, language } = profile;
    let name = display_name.as_ref().map(DisplayName::as_str);
    if name == live.display_name.as_deref() && language.map(Lang::code) == live.language.as_deref() {
        return Ok(Saved::Done);
    }
    let mut transaction = state.db.begin().await?;
    if let Taken::No { retry_after } =
        limits::take_one(&mut transaction, Key::changes(live.user_id), limits::CHANGES).await?
    {
        return Ok(Saved::SlowDown(retry_after));
    }
    accounts::set_profile(&mut transaction, live.user_id, display_name.as_ref(), *language).await?;
    let entry = signin::entry(ctx, &Event::ProfileChanged, Some(live.user_id), Some(live.id));
    audit::record(&mut transaction, &entry).await?;
    transaction.commit().await?;
    Ok(Saved::Done)
}
