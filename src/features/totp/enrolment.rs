//! The use cases of an app: setting one up, naming it, removing it.

use std::time::Duration;

use tower_sessions::Session;

use super::{
    codes,
    model::{Code, STEP, Seed},
    store::{self, ListedTotp},
};
use crate::{
    accounts,
    audit::Event,
    limits::{self, Key, Taken},
    sessions::{self, LiveSession, Method},
    signin::factor_change,
    state::AppState,
    types::{DisplayName, TotpId},
    web::{AppError, Ctx, event},
};

/// How many apps an account has at most.
pub const APPS_MAX: usize = 10;
/// How many of them may be in the making, each in a session of its own.
const ENROLMENTS_MAX: i64 = 5;

/// What this session is setting up, if anything.
pub async fn under_way(state: &AppState, live: &LiveSession) -> Result<Option<Seed>, AppError> {
    let mut connection = state.db.acquire().await?;
    let sealed = store::enrolment(&mut connection, live.user_id, live.id).await?;
    Ok(sealed.and_then(|sealed| codes::open(state, live.user_id, &sealed)))
}

/// Whether another app can be set up.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Begun {
    /// Its seed waits to be shown.
    Yes,
    /// The account has [`APPS_MAX`] already.
    Full,
}

/// Makes a seed for this session, or keeps the one that it has: whoever loads the page again, or comes back
/// to it, still has the key that their app took.
pub async fn begin(state: &AppState, ctx: &Ctx, live: &LiveSession) -> Result<Begun, AppError> {
    let user_id = live.user_id;
    let mut transaction = state.db.begin().await?;
    accounts::hold(&mut transaction, user_id).await?;
    if store::list(&mut transaction, user_id).await?.len() >= APPS_MAX {
        return Ok(Begun::Full);
    }
    let sealed = store::enrolment(&mut transaction, user_id, live.id).await?;
    if sealed.is_some_and(|sealed| codes::open(state, user_id, &sealed).is_some()) {
        return Ok(Begun::Yes);
    }
    let changes = limits::take_one(&mut transaction, Key::changes(user_id), limits::CHANGES).await?;
    if let Taken::No { retry_after } = changes {
        event::limited(ctx, "totp");
        return Err(AppError::SlowDown { retry_after });
    }
    let (id, seed) = (TotpId::new(state.entropy), Seed::new(state.entropy));
    let sealed = state.keys.sealing.seal(state.entropy, user_id, id.0, seed.as_bytes());
    let sealed = sealed.ok_or_else(|| AppError::fault("a seed that cannot be sealed"))?;
    store::enrol(&mut transaction, user_id, live.id, (id, &sealed), ENROLMENTS_MAX).await?;
    transaction.commit().await?;
    Ok(Begun::Yes)
}

/// What became of the first code of an app.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Confirmed {
    /// The app is a factor of the account.
    Done {
        /// Whether recovery codes should be made next.
        needs_codes: bool,
    },
    /// It is not the code that this seed makes at this moment.
    Wrong,
    /// Too many tries.
    SlowDown(Duration),
    /// This session sets nothing up, or not any more.
    NothingBegun,
    /// The account has [`APPS_MAX`] already.
    Full,
    /// The session ended meanwhile.
    Over,
}

/// Makes a factor of what this session set up, for whoever shows a code of it.
pub async fn confirm(
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    session: &Session,
    (code, name): (&Code, &DisplayName),
) -> Result<Confirmed, AppError> {
    let user_id = live.user_id;
    let mut connection = state.db.acquire().await?;
    let Some(sealed) = store::enrolment(&mut connection, user_id, live.id).await? else {
        return Ok(Confirmed::NothingBegun);
    };
    // From a bucket of its own: whoever confirms has seen the seed, and what others do to the account's apps
    // must not keep its owner from setting another one up.
    let key = Key::enrolment(user_id);
    if let Taken::No { retry_after } = limits::take_one(&mut connection, key, limits::ENROLMENT).await? {
        return Ok(Confirmed::SlowDown(retry_after));
    }
    drop(connection);
    codes::note_skew(state, Some(&sealed));
    let Some(seed) = codes::open(state, user_id, &sealed) else { return Ok(Confirmed::NothingBegun) };
    let Some(step) = seed.steps(code, sealed.now / STEP).last() else { return Ok(Confirmed::Wrong) };

    let mut transaction = state.db.begin().await?;
    accounts::hold(&mut transaction, user_id).await?;
    let before = accounts::factors(&mut transaction, user_id).await?;
    if usize::try_from(before.totp).unwrap_or(usize::MAX) >= APPS_MAX {
        return Ok(Confirmed::Full);
    }
    if !store::confirm(&mut transaction, live.id, (sealed.id, step), name).await? {
        return Ok(Confirmed::NothingBegun);
    }
    let event = Event::FactorAdded { factor: "totp".to_owned() };
    let renewed = if before.has_second() {
        // Another ends nothing: whoever is in has shown one like it.
        if !sessions::hold(&mut transaction, live.id).await? {
            return Ok(Confirmed::Over);
        }
        None
    } else {
        let renewed = factor_change::first_added(&mut transaction, state, ctx, live, Method::Totp).await?;
        if renewed.is_none() {
            return Ok(Confirmed::Over);
        }
        renewed
    };
    factor_change::tell(&mut transaction, state, ctx, live, (&event, "totp-added")).await?;
    transaction.commit().await?;
    state.mailer.wake();
    event::factors_changed(ctx, user_id, "totp added");
    if let Some(renewed) = renewed {
        renewed.begun(state, session).await?;
    }
    Ok(Confirmed::Done { needs_codes: before.recovery_codes == 0 })
}

/// An app of this account.
pub async fn find(state: &AppState, live: &LiveSession, id: TotpId) -> Result<Option<ListedTotp>, AppError> {
    let mut connection = state.db.acquire().await?;
    Ok(store::find(&mut connection, live.user_id, id).await?)
}

/// Gives an app another name, and tells whether it is there.
pub async fn rename(state: &AppState, live: &LiveSession, id: TotpId, name: &DisplayName) -> Result<bool, AppError> {
    let mut connection = state.db.acquire().await?;
    Ok(store::rename(&mut connection, live.user_id, id, name).await?)
}

/// What became of an app that was to go.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removed {
    /// It is gone, and with the last factor the recovery codes.
    Done,
    /// There is none of that name in this account.
    NotThere,
    /// The session ended meanwhile.
    Over,
}

/// Removes an app. What was opened or trusted with it ends. An app is never what an account without a
/// password is entered by, so its removal leaves such an account as open to its owner as it was.
pub async fn remove(state: &AppState, ctx: &Ctx, live: &LiveSession, id: TotpId) -> Result<Removed, AppError> {
    let user_id = live.user_id;
    let mut transaction = state.db.begin().await?;
    accounts::hold(&mut transaction, user_id).await?;
    if !store::remove(&mut transaction, user_id, id).await? {
        return Ok(Removed::NotThere);
    }
    let left = accounts::factors(&mut transaction, user_id).await?;
    if !factor_change::removed(&mut transaction, ctx, live, &left).await? {
        return Ok(Removed::Over);
    }
    let event = Event::FactorRemoved { factor: "totp".to_owned() };
    factor_change::tell(&mut transaction, state, ctx, live, (&event, "totp-removed")).await?;
    if left.totp == 0 {
        // Whoever sets one up again begins anew, also after a hundred wrong codes (NIST SP 800-63B 3.2.2).
        limits::refill(&mut transaction, Key::totp(user_id)).await?;
    }
    transaction.commit().await?;
    state.mailer.wake();
    event::factors_changed(ctx, user_id, "totp removed");
    Ok(Removed::Done)
}
