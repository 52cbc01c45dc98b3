//! The use cases of a code: signing in, and proving again who one is.

use std::time::Duration;

use sqlx::Connection as _;
use tower_sessions::Session;

use super::{
    codes::{self, Judged},
    model::Code,
    store,
};
use crate::{
    authn::{
        Challenge, Method,
        pending::{self, Pending},
        sessions::LiveSession,
    },
    state::AppState,
    web::{
        AppError, Ctx, Visitor, challenge,
        sign_in::{self, Begun},
    },
};

/// What became of a code at sign-in.
#[must_use]
#[derive(Debug)]
pub enum Entered {
    /// They are in.
    In(Begun, Pending),
    /// It is no code of the account at this moment, or it was used before.
    Wrong,
    /// Too many tries.
    SlowDown(Duration),
    /// There is no sign-in that waits for it.
    Over,
    /// The account has no app.
    NoApp,
}

/// Ends the wait of the browser's pending sign-in with a code.
pub async fn enter(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    code: &Code,
    trust: bool,
) -> Result<Entered, AppError> {
    let Some(secret) = ctx.pending() else { return Ok(Entered::Over) };
    let mut connection = state.db.acquire().await?;
    let Some(waiting) = pending::peek(&mut connection, &secret.digest()).await? else { return Ok(Entered::Over) };
    let user_id = waiting.user_id;
    let (id, step) = match codes::judge(&mut connection, state, ctx, user_id, code).await? {
        Judged::Right { id, step } => (id, step),
        Judged::Wrong => {
            drop(connection);
            challenge::refused_factor(state, ctx, (user_id, None), Challenge::Totp).await?;
            return Ok(Entered::Wrong);
        }
        Judged::SlowDown(retry_after) => return Ok(Entered::SlowDown(retry_after)),
        Judged::NoApp => return Ok(Entered::NoApp),
    };
    // On the same connection: nothing long lies between.
    let mut transaction = connection.begin().await?;
    if !store::use_up(&mut transaction, user_id, (id, step)).await? {
        // Another request was faster with the same code.
        transaction.rollback().await?;
        drop(connection);
        challenge::refused_factor(state, ctx, (user_id, None), Challenge::Totp).await?;
        return Ok(Entered::Wrong);
    }
    let done = sign_in::complete(&mut transaction, state, ctx, visitor, Method::Totp, trust).await?;
    // With nothing to complete, the code is not used up either.
    let Some((pending, opened)) = done else { return Ok(Entered::Over) };
    codes::give_back(&mut transaction, ctx, user_id).await?;
    transaction.commit().await?;
    drop(connection);
    Ok(Entered::In(opened.begun(state, ctx, session).await?, pending))
}

/// What became of a code that was asked for again.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Renewed {
    /// The session counts as fresh, under another cookie.
    Yes,
    /// It is no code of the account at this moment, or it was used before.
    Wrong,
    /// Too many tries.
    SlowDown(Duration),
    /// The session ended meanwhile.
    Over,
    /// The account has no app.
    NoApp,
}

/// Renews a session with a code.
pub async fn renew(
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    session: &Session,
    code: &Code,
) -> Result<Renewed, AppError> {
    let user_id = live.user_id;
    let mut connection = state.db.acquire().await?;
    let (id, step) = match codes::judge(&mut connection, state, ctx, user_id, code).await? {
        Judged::Right { id, step } => (id, step),
        Judged::Wrong => {
            drop(connection);
            challenge::refused_factor(state, ctx, (user_id, Some(live.id)), Challenge::Totp).await?;
            return Ok(Renewed::Wrong);
        }
        Judged::SlowDown(retry_after) => return Ok(Renewed::SlowDown(retry_after)),
        Judged::NoApp => return Ok(Renewed::NoApp),
    };
    let mut transaction = connection.begin().await?;
    if !store::use_up(&mut transaction, user_id, (id, step)).await? {
        transaction.rollback().await?;
        drop(connection);
        challenge::refused_factor(state, ctx, (user_id, Some(live.id)), Challenge::Totp).await?;
        return Ok(Renewed::Wrong);
    }
    let renewed = sign_in::renew(&mut transaction, state, ctx, live, Method::Totp, None).await?;
    let Some(renewed) = renewed else { return Ok(Renewed::Over) };
    codes::give_back(&mut transaction, ctx, user_id).await?;
    transaction.commit().await?;
    drop(connection);
    renewed.begun(state, session).await?;
    Ok(Renewed::Yes)
}
