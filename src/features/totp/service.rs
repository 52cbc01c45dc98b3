//! The use cases of a code: signing in, and proving again who one is.

use sqlx::Connection as _;
use tower_sessions::Session;

use super::{
    codes::{self, Judged},
    model::Code,
    store,
};
use crate::{
    limits::Tries,
    sessions::{
        Challenge, LiveSession, Method,
        pending::{self, Pending},
    },
    signin::{
        self, Begun,
        challenge::{self, Shown},
    },
    state::AppState,
    web::{AppError, Ctx, Visitor, event},
};

/// Ends the wait of the browser's pending sign-in with a code.
pub async fn enter(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    code: &Code,
    trust: bool,
) -> Result<Shown<(Begun, Pending)>, AppError> {
    let Some(secret) = ctx.pending() else { return Ok(Shown::Over) };
    let mut connection = state.db.acquire().await?;
    let Some(waiting) = pending::peek(&mut connection, &secret.digest()).await? else { return Ok(Shown::Over) };
    let user_id = waiting.user_id;
    let (id, step) = match codes::judge(&mut connection, state, ctx, user_id, code).await? {
        Judged::Right { id, step } => (id, step),
        Judged::Wrong => {
            drop(connection);
            challenge::refused_factor(state, ctx, (user_id, None), Challenge::Totp).await?;
            return Ok(Shown::Wrong);
        }
        Judged::SlowDown(retry_after) => return Ok(Shown::SlowDown(retry_after)),
        Judged::NoApp => return Ok(Shown::None),
    };
    // On the same connection: nothing long lies between.
    let mut transaction = connection.begin().await?;
    if !store::use_up(&mut transaction, user_id, (id, step)).await? {
        // Another request was faster with the same code.
        transaction.rollback().await?;
        drop(connection);
        challenge::refused_factor(state, ctx, (user_id, None), Challenge::Totp).await?;
        return Ok(Shown::Wrong);
    }
    let done = signin::complete(&mut transaction, state, ctx, visitor, Method::Totp, trust).await?;
    // With nothing to complete, the code is not used up either.
    let Some((pending, opened)) = done else { return Ok(Shown::Over) };
    Tries::at_totp(user_id, ctx.client_ip()).give_back(&mut transaction).await?;
    transaction.commit().await?;
    drop(connection);
    Ok(Shown::Right((opened.begun(state, ctx, session).await?, pending)))
}

/// Renews a session with a code.
pub async fn renew(
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    session: &Session,
    code: &Code,
) -> Result<Shown<()>, AppError> {
    let user_id = live.user_id;
    let mut connection = state.db.acquire().await?;
    let (id, step) = match codes::judge(&mut connection, state, ctx, user_id, code).await? {
        Judged::Right { id, step } => (id, step),
        Judged::Wrong => {
            drop(connection);
            challenge::refused_factor(state, ctx, (user_id, Some(live.id)), Challenge::Totp).await?;
            return Ok(Shown::Wrong);
        }
        Judged::SlowDown(retry_after) => return Ok(Shown::SlowDown(retry_after)),
        Judged::NoApp => return Ok(Shown::None),
    };
    let mut transaction = connection.begin().await?;
    if !store::use_up(&mut transaction, user_id, (id, step)).await? {
        transaction.rollback().await?;
        drop(connection);
        challenge::refused_factor(state, ctx, (user_id, Some(live.id)), Challenge::Totp).await?;
        return Ok(Shown::Wrong);
    }
    let renewed = signin::renew(&mut transaction, state, ctx, live, Method::Totp, None).await?;
    let Some(renewed) = renewed else { return Ok(Shown::Over) };
    Tries::at_totp(user_id, ctx.client_ip()).give_back(&mut transaction).await?;
    transaction.commit().await?;
    drop(connection);
    event::reauthenticated(ctx, user_id, live.id);
    renewed.begun(state, session).await?;
    Ok(Shown::Right(()))
}
