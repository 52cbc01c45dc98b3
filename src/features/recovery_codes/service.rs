//! The use cases: making codes, signing in with one, proving again who one is with one.

use serde_json::json;
use sqlx::PgConnection;
use tower_sessions::Session;

use super::{
    model::RecoveryCode,
    store::{self, Kept},
};
use crate::{
    accounts::{self, Factors},
    audit::{self, Event},
    limits::{self, Key, Taken, Tries},
    mail::{Kind, outbox},
    sessions::{
        self, Challenge, LiveSession, Method,
        pending::{self, Pending},
    },
    signin::{
        self, Begun,
        challenge::{self, Shown},
    },
    state::AppState,
    types::{Age, SessionId, UserId},
    web::{AppError, Ctx, Visitor, event},
};

/// How many an account gets at once.
pub const CODES: usize = 10;

/// What is left of an account's codes; none for one that has no use for them.
pub async fn kept(state: &AppState, live: &LiveSession) -> Result<Option<Kept>, AppError> {
    let mut connection = state.db.acquire().await?;
    if !accounts::factors(&mut connection, live.user_id).await?.has_second() {
        return Ok(None);
    }
    Ok(Some(store::kept(&mut connection, live.user_id).await?))
}

/// What became of the wish for new codes.
#[must_use]
#[derive(Debug)]
pub enum Made {
    /// These. Nobody will see them again.
    Codes(Vec<RecoveryCode>),
    /// The codes that they were to replace are replaced already.
    Already,
    /// The account has no second factor that they could stand in for.
    NothingToStandInFor,
    /// The session ended meanwhile.
    Over,
}

/// Makes codes in place of those that the page spoke of, by when they were made: whoever loads the page with
/// the new codes again sends the form again, and must not lose what they have just written down.
pub async fn make(state: &AppState, ctx: &Ctx, live: &LiveSession, instead_of: &str) -> Result<Made, AppError> {
    let user_id = live.user_id;
    let mut transaction = state.db.begin().await?;
    accounts::hold(&mut transaction, user_id).await?;
    if !accounts::factors(&mut transaction, user_id).await?.has_second() {
        return Ok(Made::NothingToStandInFor);
    }
    if !sessions::hold(&mut transaction, live.id).await? {
        return Ok(Made::Over);
    }
    let changes = limits::take_one(&mut transaction, Key::changes(user_id), limits::CHANGES).await?;
    if let Taken::No { retry_after } = changes {
        event::limited(ctx, "recovery_codes");
        return Err(AppError::SlowDown { retry_after });
    }
    let made_at = store::kept(&mut transaction, user_id).await?.made_at;
    let present = made_at.map_or_else(|| "none".to_owned(), |made_at| Age::between(made_at, ctx.now()).at);
    if !instead_of.is_empty() && instead_of != present {
        return Ok(Made::Already);
    }
    let codes: Vec<_> = (0..CODES).map(|_| RecoveryCode::new(state.entropy)).collect();
    let digests: Vec<_> = codes.iter().map(RecoveryCode::digest).collect();
    accounts::drop_recovery_codes(&mut transaction, user_id).await?;
    store::add(&mut transaction, user_id, &digests).await?;
    let whose = (user_id, Some(live.id));
    record(&mut transaction, state, ctx, whose, (&Event::RecoveryCodesMade, "recovery-codes-made")).await?;
    transaction.commit().await?;
    state.mailer.wake();
    event::factors_changed(ctx, user_id, "recovery codes made");
    Ok(Made::Codes(codes))
}

/// A line in the trail, and a letter to the owner that says how many are left.
async fn record(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    (user_id, session_id): (UserId, Option<SessionId>),
    (event, change): (&Event, &str),
) -> Result<(), AppError> {
    audit::record(connection, &signin::entry(ctx, event, Some(user_id), session_id)).await?;
    let left = store::kept(connection, user_id).await?.left;
    let Some(user) = accounts::find(connection, user_id).await? else { return Ok(()) };
    let letter = user.letter(Kind::FactorsChanged, ctx.lang(), json!({ "change": change, "left": left }));
    outbox::enqueue(connection, state.entropy, &letter).await?;
    Ok(())
}

/// Whether an account has a code to spare for proving again who its owner is. The last one of an account
/// without a password and with one passkey is kept for the day on which that is lost.
pub fn may_renew(factors: &Factors) -> bool {
    let after = Factors { recovery_codes: factors.recovery_codes.saturating_sub(1), ..*factors };
    factors.recovery_codes > 0 && (factors.password || after.do_without_password())
}

/// Ends the wait of the browser's pending sign-in with a code.
pub async fn enter(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    code: &RecoveryCode,
) -> Result<Shown<(Begun, Pending)>, AppError> {
    let Some(secret) = ctx.pending() else { return Ok(Shown::Over) };
    let mut connection = state.db.acquire().await?;
    let Some(waiting) = pending::peek(&mut connection, &secret.digest()).await? else { return Ok(Shown::Over) };
    let user_id = waiting.user_id;
    if store::kept(&mut connection, user_id).await?.left == 0 {
        return Ok(Shown::None);
    }
    let tries = Tries::at_recovery_codes(user_id, ctx.client_ip());
    if let Taken::No { retry_after } = tries.take(&mut connection).await? {
        return Ok(Shown::SlowDown(retry_after));
    }
    drop(connection);
    let mut transaction = state.db.begin().await?;
    if !store::use_up(&mut transaction, user_id, &code.digest()).await? {
        transaction.rollback().await?;
        challenge::refused_factor(state, ctx, (user_id, None), Challenge::RecoveryCode).await?;
        return Ok(Shown::Wrong);
    }
    // Whoever needs such a code asks for no trust: the next sign-in asks again.
    let done = signin::complete(&mut transaction, state, ctx, visitor, Method::RecoveryCode, false).await?;
    // With nothing to complete, the code is not used up either.
    let Some((pending, opened)) = done else { return Ok(Shown::Over) };
    let whose = (user_id, Some(opened.id));
    record(&mut transaction, state, ctx, whose, (&Event::RecoveryCodeUsed, "recovery-code-used")).await?;
    tries.give_back(&mut transaction).await?;
    transaction.commit().await?;
    state.mailer.wake();
    event::factors_changed(ctx, user_id, "recovery code used");
    Ok(Shown::Right((opened.begun(state, ctx, session).await?, pending)))
}

/// Renews a session with a code.
pub async fn renew(
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    session: &Session,
    code: &RecoveryCode,
) -> Result<Shown<()>, AppError> {
    let user_id = live.user_id;
    let mut connection = state.db.acquire().await?;
    if !may_renew(&accounts::factors(&mut connection, user_id).await?) {
        return Ok(Shown::None);
    }
    let tries = Tries::at_recovery_codes(user_id, ctx.client_ip());
    if let Taken::No { retry_after } = tries.take(&mut connection).await? {
        return Ok(Shown::SlowDown(retry_after));
    }
    drop(connection);
    let mut transaction = state.db.begin().await?;
    if !store::use_up(&mut transaction, user_id, &code.digest()).await? {
        transaction.rollback().await?;
        challenge::refused_factor(state, ctx, (user_id, Some(live.id)), Challenge::RecoveryCode).await?;
        return Ok(Shown::Wrong);
    }
    let left = accounts::factors(&mut transaction, user_id).await?;
    if !left.password && !left.do_without_password() {
        // Another request was faster with the last but one.
        return Ok(Shown::None);
    }
    let renewed = signin::renew(&mut transaction, state, ctx, live, Method::RecoveryCode, None).await?;
    let Some(renewed) = renewed else { return Ok(Shown::Over) };
    let whose = (user_id, Some(live.id));
    record(&mut transaction, state, ctx, whose, (&Event::RecoveryCodeUsed, "recovery-code-used")).await?;
    tries.give_back(&mut transaction).await?;
    transaction.commit().await?;
    state.mailer.wake();
    event::factors_changed(ctx, user_id, "recovery code used");
    event::reauthenticated(ctx, user_id, live.id);
    renewed.begun(state, session).await?;
    Ok(Shown::Right(()))
}
