//! The use cases: scheduling and cancelling a deletion, erasing accounts, and the emails about it.

use serde_json::json;
use sqlx::{PgConnection, PgPool};
use time::UtcOffset;

use super::{
    ERASED,
    pages::{DeleteProblem, DeletionScheduled, Erased},
};
use crate::{
    accounts::{
        self, DELETION_SCHEDULED, Role, User,
        links::{self, Purpose},
    },
    audit::{self, Event, Recorder, Unit},
    features::email,
    limits,
    mail::{NewEmail, RenderedEmail, outbox},
    sessions::{self, LiveSession, ended},
    state::AppState,
    types::{Lang, Moment, Request, SecretToken, UserId},
    web::{AppError, email::Renderer},
};

/// Schedules an account's erasure and revokes all access to it.
pub async fn schedule(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
) -> Result<Result<(), DeleteProblem>, AppError> {
    const SIGNED_OUT: AppError = AppError::SignIn { next: None };
    let mut unit = state.recorder(request).begin().await?;
    // Before any other lock, because two administrators who leave concurrently lock each other's account.
    if accounts::is_last_administrator(&mut unit, live.user_id).await? {
        return Ok(Err(DeleteProblem::LastAdmin));
    }
    if !accounts::lock(&mut unit, live.user_id).await? || !sessions::lock(&mut unit, live.id).await? {
        return Err(SIGNED_OUT);
    }
    email::end_links(&mut unit, live.user_id).await?;
    sessions::revoke_all(&mut unit, live.user_id).await?;
    accounts::schedule_deletion(&mut unit, live.user_id).await?;
    let user = accounts::find(&mut unit, live.user_id).await?.ok_or(SIGNED_OUT)?;
    unit.record(Event::DeletionScheduled, user.id, Some(live.id));
    unit.email(&user.email(&DELETION_SCHEDULED, request.lang, json!({}))).await?;
    Ok(Ok(unit.commit().await?))
}

/// Returns whether the account is the only administrator, whose deletion [`schedule`] refuses.
pub async fn is_only_administrator(state: &AppState, live: &LiveSession) -> Result<bool, AppError> {
    Ok(live.role == Role::Admin
        && accounts::is_only_administrator(&mut *state.db.acquire().await?, live.user_id).await?)
}

/// Finds the username of the account that the browser's link would keep.
pub async fn open(state: &AppState, link: Option<&SecretToken>) -> Result<Option<String>, AppError> {
    let peeked = links::peek(&mut *state.db.acquire().await?, Purpose::UndoDeletion, link).await?;
    Ok(peeked.filter(|(_, user)| user.deletion_due_at.is_some()).map(|(_, user)| user.username))
}

/// Keeps the account with the browser's link. Returns `false` if the link no longer works.
pub async fn undo(state: &AppState, request: &Request, link: Option<&SecretToken>) -> Result<bool, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    let Some(link) = links::spend(&mut unit, Purpose::UndoDeletion, link).await? else { return Ok(false) };
    // A session that was being created while the deletion was scheduled would become live.
    sessions::revoke_all(&mut unit, link.user_id).await?;
    if !accounts::call_off_deletion(&mut unit, link.user_id).await? {
        return Ok(false);
    }
    unit.record(Event::DeletionUndone, link.user_id, None);
    unit.commit().await?;
    Ok(true)
}

/// Erases every account that is due, each in a separate transaction, and returns how many. Accounts erased before an
/// error stay erased.
pub async fn erase_due(recorder: &Recorder) -> sqlx::Result<u64> {
    let mut erased = 0;
    loop {
        let mut unit = recorder.begin().await?;
        let Some(due) = accounts::take_due(&mut unit).await? else { return Ok(erased) };
        outbox::forget(&mut unit, &[due.username.clone(), due.email.to_lowercase()]).await?;
        // It names the user until it is sent, or given up after three days.
        let last = NewEmail {
            kind: &ERASED,
            user_id: None,
            address: &due.email,
            lang: due.language.as_deref().and_then(Lang::from_code).unwrap_or_default(),
            detail: json!({ "username": due.username }),
        };
        unit.email(&last).await?;
        unit.record(Event::Erased, due.id, None);
        audit::forget_origins(&mut unit, &[due.id]).await?;
        limits::forget(&mut unit, due.id).await?;
        accounts::forget_factor_limits(&mut unit, due.id).await?;
        delete(&mut unit, &[due.id]).await?;
        unit.commit().await?;
        erased += 1;
    }
}

/// Deletes accounts whose address was not verified in time, with where they came from, and returns how many.
pub async fn drop_unverified(db: &PgPool) -> sqlx::Result<u64> {
    let mut dropped = 0;
    loop {
        let mut transaction = db.begin().await?;
        let gone = accounts::take_unverified(&mut transaction).await?;
        if gone.is_empty() {
            return Ok(dropped);
        }
        audit::forget_origins(&mut transaction, &gone).await?;
        delete(&mut transaction, &gone).await?;
        transaction.commit().await?;
        dropped += gone.len() as u64;
    }
}

/// Deletes accounts that are locked, after their sessions: those, some at a time.
async fn delete(connection: &mut PgConnection, ids: &[UserId]) -> sqlx::Result<()> {
    while ended::remove_some_of(connection, ids).await? > 0 {}
    accounts::remove(connection, ids).await
}

/// Renders the email that says when the account is erased, and how to keep it; nothing when it is kept.
pub async fn render_scheduled(
    renderer: Renderer<'_>,
    unit: &mut Unit,
    user: User,
) -> Result<Option<RenderedEmail>, AppError> {
    let Some(due) = user.deletion_due_at else { return Ok(None) };
    let undo_link = renderer.secret_link(unit, Purpose::UndoDeletion, &user, &user.email).await?;
    let due = Moment::in_zone(due, UtcOffset::UTC);
    renderer.render(&user, &user.email, &DeletionScheduled { username: user.username.clone(), due, undo_link })
}

/// Renders the last email.
pub fn render_erased(renderer: &Renderer<'_>) -> Result<Option<RenderedEmail>, AppError> {
    let username = renderer.email.text("username").to_owned();
    renderer.render_to(&username.clone(), &renderer.email.address, &Erased { username })
}
