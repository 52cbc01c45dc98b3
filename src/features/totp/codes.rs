//! Judging a code: against every app of the account, by one clock, once.

use std::time::Duration;

use sqlx::PgConnection;

use super::{
    model::{Code, STEP, Seed},
    store::{self, Sealed},
};
use crate::{
    limits::{Taken, Tries},
    state::AppState,
    types::{TotpId, UserId},
    web::{AppError, Ctx},
};

/// A replica whose clock is this far off, in seconds, says so: its owner's other software believes it.
const SKEW: i64 = 15;

/// What a code came to.
#[must_use]
#[derive(Debug)]
pub enum Judged {
    /// It is the code of this app and this step, and it was not used when we looked.
    Right {
        /// The app.
        id: TotpId,
        /// The step.
        step: i64,
    },
    /// It is none of the account's at this moment, or it was used before.
    Wrong,
    /// Too many tries; this one was not looked at.
    SlowDown(Duration),
    /// The account has no app.
    NoApp,
}

/// Judges a code of an account's apps. Whatever the answer, the try was counted before.
pub async fn judge(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    user_id: UserId,
    code: &Code,
) -> Result<Judged, AppError> {
    let sealed = store::sealed(connection, user_id).await?;
    if sealed.is_empty() {
        // Nothing to guess, so nothing is counted: an app that comes later begins with every try.
        return Ok(Judged::NoApp);
    }
    if let Taken::No { retry_after } = Tries::at_totp(user_id, ctx.client_ip()).take(connection).await? {
        return Ok(Judged::SlowDown(retry_after));
    }
    note_skew(state, sealed.first());
    for app in &sealed {
        let Some(seed) = open(state, user_id, app) else { continue };
        // Every app is asked for the next code that it has not given: two may show the same.
        if let Some(step) = seed.steps(code, app.now / STEP).find(|step| *step > app.last_step) {
            return Ok(Judged::Right { id: app.id, step });
        }
    }
    Ok(Judged::Wrong)
}

/// Opens a seed. One that stays shut is said to the operator and counts as none.
pub fn open(state: &AppState, user_id: UserId, sealed: &Sealed) -> Option<Seed> {
    match state.keys.sealing.open(user_id, sealed.id.0, &sealed.seed) {
        Ok(seed) => Seed::read(&seed),
        Err(error) => {
            tracing::error!(factor = %sealed.id, %error, "the seed of an authenticator app cannot be opened");
            None
        }
    }
}

/// Codes are judged by PostgreSQL's clock, so a replica with another time takes and refuses what all the
/// others do. It is told all the same.
pub fn note_skew(state: &AppState, sealed: Option<&Sealed>) {
    let Some(sealed) = sealed else { return };
    let seconds = state.clock.now().unix_timestamp() - sealed.now;
    if seconds.abs() >= SKEW {
        tracing::warn!(event = "clock_skew", seconds, "the clock of this machine and that of PostgreSQL differ");
    }
}
