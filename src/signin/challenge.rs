//! What the pages that ask for a factor share: whom they ask, and which other ways there are.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::{
    accounts::{self, Factors},
    audit::{self, Event},
    limits::{self, Key},
    mail::{Kind, outbox},
    sessions::{
        Challenge, challenges,
        pending::{self, Pending},
        strongest,
    },
    signin,
    state::AppState,
    types::{LocalPath, SessionId, UserId},
    web::{AppError, Ctx, event, paths, with_next},
};

/// After how many wrong factors in a row the owner is told, whatever they were shown to: somebody else may know
/// the password (ASVS 6.3.5), and people mistype. Each time more, so that nobody can have letters sent at will.
const SUSPICIOUS: [u32; 5] = [3, 10, 30, 100, 300];

/// The sign-in that waits in this browser, with what its account can show; none when there is none, or when
/// it waited too long.
///
/// # Errors
/// Only the database's.
pub async fn waiting(state: &AppState, ctx: &Ctx) -> Result<Option<(Pending, Factors)>, AppError> {
    let Some(secret) = ctx.pending() else { return Ok(None) };
    let mut connection = state.db.acquire().await?;
    let Some(pending) = pending::peek(&mut connection, &secret.digest()).await? else { return Ok(None) };
    let factors = accounts::factors(&mut connection, pending.user_id).await?;
    Ok(Some((pending, factors)))
}

/// What became of a code that was typed.
#[must_use]
#[derive(Debug)]
pub enum Shown<T> {
    /// It was one of the account's, and opened this.
    Right(T),
    /// It is none of the account's at this moment, or it was used before.
    Wrong,
    /// Too many tries.
    SlowDown(Duration),
    /// There is nothing any more that it could open.
    Over,
    /// The account has none of this kind to show here.
    None,
}

/// Another way to show who one is, for the links below a challenge.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct OtherWay {
    /// The rest of the message's name.
    pub way: &'static str,
    /// Where it leads.
    pub path: String,
}

/// The ways that an account has beside this one, when it signs in.
#[must_use]
pub fn other_ways(factors: &Factors, this: Challenge) -> Vec<OtherWay> {
    ways(factors, this, |challenge| signin::challenge_path(challenge).to_owned())
}

/// The ways that an account has beside this one, when it proves again who it is.
#[must_use]
pub fn other_reauth_ways(factors: &Factors, this: Challenge, next: Option<&LocalPath>) -> Vec<OtherWay> {
    ways(factors, this, |challenge| reauth_path(challenge, next))
}

fn ways(factors: &Factors, this: Challenge, path: impl Fn(Challenge) -> String) -> Vec<OtherWay> {
    let others = challenges(factors).into_iter().filter(|challenge| *challenge != this);
    others.map(|challenge| OtherWay { way: code(challenge), path: path(challenge) }).collect()
}

fn code(challenge: Challenge) -> &'static str {
    match challenge {
        Challenge::Passkey => "passkey",
        Challenge::Totp => "totp",
        Challenge::RecoveryCode => "recovery-code",
    }
}

/// The path of the page on which a factor is shown again.
#[must_use]
pub fn reauth_path(challenge: Challenge, next: Option<&LocalPath>) -> String {
    let path = match challenge {
        Challenge::Passkey => paths::REAUTH_PASSKEY,
        Challenge::Totp => paths::REAUTH_TOTP,
        Challenge::RecoveryCode => paths::REAUTH_RECOVERY_CODE,
    };
    next.map_or_else(|| path.to_owned(), |next| with_next(path, next.as_str()))
}

/// The path of the page on which an account shows again the best it has: the password, when that is all.
#[must_use]
pub fn reauth_path_of(factors: &Factors, next: Option<&LocalPath>) -> String {
    match strongest(factors) {
        Some(challenge) => reauth_path(challenge, next),
        None => next.map_or_else(|| paths::REAUTH.to_owned(), |next| with_next(paths::REAUTH, next.as_str())),
    }
}

/// Notes a factor that was refused, at a sign-in or in a session, and tells the owner when there were several
/// since the last that was right.
///
/// # Errors
/// Only the database's.
pub async fn refused_factor(
    state: &AppState,
    ctx: &Ctx,
    (user_id, session_id): (UserId, Option<SessionId>),
    challenge: Challenge,
) -> Result<(), AppError> {
    let mut transaction = state.db.begin().await?;
    let event = Event::FactorFailed { factor: code(challenge).replace('-', "_") };
    let failures = limits::count_failure(&mut transaction, Key::refused_factors(user_id)).await?;
    if SUSPICIOUS.contains(&failures)
        && let Some(user) = accounts::find(&mut transaction, user_id).await?
    {
        let letter = user.letter(Kind::SecondFactorFailed, ctx.lang(), json!({}));
        outbox::enqueue(&mut transaction, state.entropy, &letter).await?;
    }
    audit::record(&mut transaction, &signin::entry(ctx, &event, Some(user_id), session_id)).await?;
    transaction.commit().await?;
    state.mailer.wake();
    match session_id {
        None => event::login_failed(ctx, Some(user_id)),
        Some(session_id) => event::reauthentication_failed(ctx, user_id, session_id),
    }
    Ok(())
}
