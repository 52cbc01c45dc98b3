//! What follows when the ways to sign in to an account become more or less, whichever they are. Everything
//! here happens in the transaction of the change, which holds the account.

use serde_json::json;
use sqlx::PgConnection;

use super::Renewed;
use crate::{
    accounts::{self, Factors},
    audit::{self, Event},
    mail::{Kind, NewLetter, outbox},
    sessions::{self, LiveSession, Method, known_browsers},
    state::AppState,
    types::Lang,
    web::{AppError, Ctx},
};

/// What follows from the first second factor: a password alone opens nothing from now on, and nothing stays
/// open that it opened alone. The session in which the factor was just shown goes on under another cookie;
/// none when it ended meanwhile.
///
/// # Errors
/// Only the database's.
pub async fn first_added(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    method: Method,
) -> Result<Option<Renewed>, AppError> {
    accounts::factors_changed(connection, live.user_id).await?;
    let renewed = super::renew(connection, state, ctx, live, method, None).await?;
    end_others(connection, ctx, live).await?;
    Ok(renewed)
}

/// What follows when something is gone that leaves an account with these factors: whatever may have been
/// opened with it ends, no browser is trusted any more, and recovery codes that stand in for nothing go.
/// Tells whether the session in whose name this happens is still there.
///
/// # Errors
/// Only the database's.
pub async fn removed(
    connection: &mut PgConnection,
    ctx: &Ctx,
    live: &LiveSession,
    left: &Factors,
) -> Result<bool, AppError> {
    if !left.has_second() {
        accounts::drop_recovery_codes(connection, live.user_id).await?;
    }
    accounts::factors_changed(connection, live.user_id).await?;
    if !sessions::hold(connection, live.id).await? {
        return Ok(false);
    }
    end_others(connection, ctx, live).await?;
    known_browsers::distrust(connection, live.user_id).await?;
    Ok(true)
}

async fn end_others(connection: &mut PgConnection, ctx: &Ctx, live: &LiveSession) -> Result<(), AppError> {
    let count = sessions::revoke_others(connection, live.user_id, Some(live.id)).await?;
    if count > 0 {
        let event = Event::OtherSessionsEnded { count };
        audit::record(connection, &super::entry(ctx, &event, Some(live.user_id), Some(live.id))).await?;
    }
    Ok(())
}

/// A line in the trail, and a letter to the owner: `change` is its code there.
///
/// # Errors
/// Only the database's.
pub async fn tell(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    (event, change): (&Event, &str),
) -> Result<(), AppError> {
    audit::record(connection, &super::entry(ctx, event, Some(live.user_id), Some(live.id))).await?;
    let letter = NewLetter {
        kind: Kind::FactorsChanged,
        user_id: Some(live.user_id),
        address: &live.email,
        lang: live.language.as_deref().and_then(Lang::from_code).unwrap_or(ctx.lang()),
        detail: json!({ "change": change }),
    };
    outbox::enqueue(connection, state.entropy, &letter).await?;
    Ok(())
}
