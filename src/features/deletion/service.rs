//! The use cases: setting the day, and keeping the account after all.

use serde_json::json;

use crate::{
    accounts::{
        self, Role,
        links::{self, Link, Purpose},
    },
    audit::{self, Event},
    mail::{Kind, outbox},
    sessions::{self, LiveSession},
    signin,
    state::AppState,
    types::UserId,
    web::{AppError, Ctx},
};

/// What became of the wish to go.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub enum Scheduled {
    /// The day is set.
    Done,
    /// The account is the last open one of an administrator.
    LastAdmin,
    /// The session ended meanwhile.
    Ended,
}

/// Sets the day of an account's erasure and ends whatever leads into it.
pub async fn schedule(state: &AppState, ctx: &Ctx, live: &LiveSession) -> Result<Scheduled, AppError> {
    let mut transaction = state.db.begin().await?;
    // Before anything else is held: two administrators who leave at once hold each other's account.
    if live.role == Role::Admin && accounts::hold_administrators(&mut transaction).await? == [live.user_id] {
        return Ok(Scheduled::LastAdmin);
    }
    if !accounts::hold(&mut transaction, live.user_id).await? || !sessions::hold(&mut transaction, live.id).await? {
        return Ok(Scheduled::Ended);
    }
    links::kill(&mut transaction, live.user_id, &[Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail]).await?;
    outbox::take_back(&mut transaction, live.user_id, &[Kind::Verify, Kind::ChangeEmail]).await?;
    sessions::revoke_all(&mut transaction, live.user_id).await?;
    accounts::schedule_deletion(&mut transaction, live.user_id).await?;
    let user = accounts::find(&mut transaction, live.user_id).await?;
    let Some(user) = user else { return Ok(Scheduled::Ended) };
    let entry = signin::entry(ctx, &Event::DeletionScheduled, Some(user.id), Some(live.id));
    audit::record(&mut transaction, &entry).await?;
    let letter = user.letter(Kind::DeletionScheduled, ctx.lang(), json!({}));
    outbox::enqueue(&mut transaction, state.entropy, &letter).await?;
    transaction.commit().await?;
    state.mailer.wake();
    Ok(Scheduled::Done)
}

/// Which account the link in a browser's hands would keep.
pub async fn open(state: &AppState, ctx: &Ctx) -> Result<Option<String>, AppError> {
    let Some(secret) = ctx.link() else { return Ok(None) };
    let mut connection = state.db.acquire().await?;
    let Some(link) = links::peek(&mut connection, Purpose::UndoDeletion, &secret.digest()).await? else {
        return Ok(None);
    };
    let user = accounts::find(&mut connection, link.user_id).await?;
    Ok(user.filter(|user| user.deletion_due_at.is_some()).map(|user| user.username))
}

/// Keeps the account by the link in a browser's hands. `None` when the link no longer works.
pub async fn undo(state: &AppState, ctx: &Ctx) -> Result<Option<UserId>, AppError> {
    let Some(secret) = ctx.link() else { return Ok(None) };
    let mut transaction = state.db.begin().await?;
    let link = links::spend(&mut transaction, Purpose::UndoDeletion, &secret.digest()).await?;
    let Some(Link { user_id, .. }) = link else { return Ok(None) };
    links::kill(&mut transaction, user_id, &[Purpose::UndoDeletion]).await?;
    outbox::take_back(&mut transaction, user_id, &[Kind::DeletionScheduled]).await?;
    // A session that was being opened when the day was set would be live again.
    sessions::revoke_all(&mut transaction, user_id).await?;
    if !accounts::call_off_deletion(&mut transaction, user_id).await? {
        return Ok(None);
    }
    audit::record(&mut transaction, &signin::entry(ctx, &Event::DeletionUndone, Some(user_id), None)).await?;
    transaction.commit().await?;
    Ok(Some(user_id))
}
