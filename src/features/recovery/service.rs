//! The use cases: asking for a way back in, and setting a new password.

use std::time::Duration;

use serde_json::json;
use sqlx::PgConnection;

use crate::{
    accounts::{
        self, EMAIL_UNIQUE, Identifier, User,
        links::{self, Link, Purpose},
    },
    audit::{self, Event},
    db::is_taken,
    limits::{self, Key, Taken},
    mail::{Kind, NewLetter, asked_from, outbox},
    passwords::{NewHash, new_hash},
    sessions::{self, known_browsers},
    signin,
    state::AppState,
    types::{PlainPassword, TokenDigest, UserId},
    web::{AppError, Ctx, event},
};

/// Writes down that a way back in is asked for: one row for everybody.
pub async fn ask(state: &AppState, ctx: &Ctx, identifier: &Identifier) -> Result<Taken, AppError> {
    let mut transaction = state.db.begin().await?;
    let taken = limits::take_one(&mut transaction, Key::sign_up(ctx.client_ip()), limits::SIGN_UP).await?;
    if taken == Taken::Yes {
        let address: String = identifier.as_str().chars().take(254).collect();
        let detail = asked_from(ctx.browser());
        let letter = NewLetter { kind: Kind::Recover, user_id: None, address: &address, lang: ctx.lang(), detail };
        outbox::enqueue(&mut transaction, state.entropy, &letter).await?;
    }
    transaction.commit().await?;
    state.mailer.wake();
    Ok(taken)
}

/// Whose password the link in a browser's hands would set.
pub async fn open(state: &AppState, ctx: &Ctx) -> Result<Option<User>, AppError> {
    let Some(secret) = ctx.link() else { return Ok(None) };
    let mut connection = state.db.acquire().await?;
    let Some(link) = links::peek(&mut connection, Purpose::Recover, &secret.digest()).await? else { return Ok(None) };
    Ok(accounts::find(&mut connection, link.user_id).await?)
}

/// What became of a new password.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub enum Reset {
    /// It is set.
    Done(UserId),
    /// The link no longer works.
    LinkOver,
    /// Too many passwords from this network.
    SlowDown(Duration),
    /// Too many passwords are waiting.
    Busy,
}

/// Sets a new password by the link in a browser's hands, which [`open`] found to be this account's.
pub async fn reset(state: &AppState, ctx: &Ctx, user_id: UserId, password: PlainPassword) -> Result<Reset, AppError> {
    let Some(secret) = ctx.link() else { return Ok(Reset::LinkOver) };
    match new_hash(&state.db, &state.hasher, ctx.client_ip(), password).await? {
        NewHash::Hashed(hash) => replace(state, ctx, user_id, &secret.digest(), &hash).await,
        NewHash::SlowDown(retry_after) => Ok(Reset::SlowDown(retry_after)),
        NewHash::Busy => Ok(Reset::Busy),
    }
}

/// Everything that follows from a new password, in one transaction.
async fn replace(
    state: &AppState,
    ctx: &Ctx,
    user_id: UserId,
    digest: &TokenDigest,
    hash: &str,
) -> Result<Reset, AppError> {
    let mut transaction = state.db.begin().await?;
    accounts::lock_claimants(&mut transaction, user_id).await?;
    let Some(Link { user_id, .. }) = links::spend(&mut transaction, Purpose::Recover, digest).await? else {
        return Ok(Reset::LinkOver);
    };
    let Some(user) = accounts::find(&mut transaction, user_id).await? else { return Ok(Reset::LinkOver) };
    match accounts::verify_email(&mut transaction, user_id).await {
        // Somebody else has shown meanwhile that the address is theirs.
        Err(error) if is_taken(&error, EMAIL_UNIQUE) => return Ok(Reset::LinkOver),
        done => done?,
    }
    let mut dropped = 0;
    if user.email_verified_at.is_none() {
        accounts::drop_other_claimants(&mut transaction, user_id).await?;
        // The words of whoever claimed the address before it was shown to be this person's.
        accounts::set_profile(&mut transaction, user_id, None, Some(ctx.lang())).await?;
        // And what would let them in again, or keep this person out.
        dropped = accounts::drop_factors(&mut transaction, user_id).await?;
    }
    accounts::set_password(&mut transaction, user_id, hash).await?;
    end_everything(&mut transaction, user_id).await?;
    if dropped > 0 {
        limits::forget_factors(&mut transaction, user_id).await?;
        audit::record(&mut transaction, &signin::entry(ctx, &Event::FactorsUndone, Some(user_id), None)).await?;
    }
    audit::record(&mut transaction, &signin::entry(ctx, &Event::PasswordReset, Some(user_id), None)).await?;
    let letter = user.letter(Kind::PasswordChanged, ctx.lang(), json!({}));
    outbox::enqueue(&mut transaction, state.entropy, &letter).await?;
    transaction.commit().await?;
    state.mailer.wake();
    if dropped > 0 {
        event::factors_changed(ctx, user_id, "factors undone");
    }
    Ok(Reset::Done(user_id))
}

/// Links first: who is using one waits here, or this waits for them, so that no session is opened
/// behind the back of the statement that ends all sessions.
async fn end_everything(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    links::kill(connection, user_id, &[Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail]).await?;
    sessions::revoke_all(connection, user_id).await?;
    // The tries of browsers that were known are counted by them, so they go first.
    limits::forget(connection, user_id).await?;
    known_browsers::forget(connection, user_id, None).await
}
