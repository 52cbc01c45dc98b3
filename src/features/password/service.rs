//! The use case: another password, and everything that follows from it.

use std::time::Duration;

use serde_json::json;
use tower_sessions::Session;

use crate::{
    accounts::{
        self, Identifier,
        links::{self, Purpose},
    },
    audit::{self, Event},
    limits::Key,
    mail::{Kind, NewLetter, outbox},
    passwords::{
        hasher::HasherError,
        proof::{self, Attempt, Origin, Proof},
    },
    sessions::{self, Aal, LiveSession, Renewal, known_browsers},
    signin::{self, Renewed},
    state::AppState,
    types::{Lang, PlainPassword, SecretToken},
    web::{AppError, Ctx, session_store::FreshId},
};

/// The present password and the one to come.
#[derive(Debug)]
pub struct NewPassword {
    /// As typed; none when no account can have it.
    pub current: Option<PlainPassword>,
    /// As judged.
    pub new: PlainPassword,
}

/// What became of it.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub enum Changed {
    /// It is set, and this session has a fresh cookie.
    Done,
    /// The present password is another one.
    Refused,
    /// The session ended, or the password was replaced, while this one was compared.
    Over,
    /// A second factor is to be shown again first.
    Stale,
    /// Too many tries.
    SlowDown(Duration),
    /// Too many passwords are waiting.
    Busy,
}

/// Replaces the password of whoever proves to know it.
pub async fn change(
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    session: &Session,
    passwords: NewPassword,
) -> Result<Changed, AppError> {
    let origin = Origin { address: ctx.client_ip(), browser: ctx.browser() };
    let identifier = Identifier::Username(live.username.clone());
    match proof::attempt(&state.db, &state.hasher, &identifier, passwords.current, origin).await? {
        // A password and somebody's open browser must not be enough where there is a second factor.
        Attempt::Proven(proof) if proof.factors.has_second() && !live.recent => {
            let mut connection = state.db.acquire().await?;
            proof::settle(&mut connection, &proof).await?;
            Ok(Changed::Stale)
        }
        Attempt::Proven(proof) => {
            let place = match state.hasher.reserve(Key::network(ctx.client_ip())) {
                Ok(place) => place,
                Err(HasherError::Busy) => {
                    let mut connection = state.db.acquire().await?;
                    proof::settle(&mut connection, &proof).await?;
                    return Ok(Changed::Busy);
                }
                Err(error) => return Err(error.into()),
            };
            let hash = place.hash(passwords.new).await?;
            replace(state, ctx, live, session, &proof, &hash).await
        }
        Attempt::Refused { .. } => {
            let mut connection = state.db.acquire().await?;
            let entry = signin::entry(ctx, &Event::SignInFailed, Some(live.user_id), Some(live.id));
            audit::record(&mut connection, &entry).await?;
            Ok(Changed::Refused)
        }
        Attempt::SlowDown { retry_after } => Ok(Changed::SlowDown(retry_after)),
        Attempt::Busy => Ok(Changed::Busy),
    }
}

/// Everything that follows from a proven password and the hash of another, in one transaction.
async fn replace(
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    session: &Session,
    proof: &Proof,
    hash: &str,
) -> Result<Changed, AppError> {
    let fresh = FreshId::new(state.entropy);
    let user_id = live.user_id;
    let mut transaction = state.db.begin().await?;
    // The account, then its links: who resets the password by one waits here, or this waits for them.
    accounts::hold(&mut transaction, user_id).await?;
    links::kill(&mut transaction, user_id, &[Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail]).await?;
    let set_at = accounts::replace_password(&mut transaction, user_id, proof.password_set_at, hash).await?;
    let is_still_here = match set_at {
        Some(_) => {
            let renewal = Renewal {
                id: live.id,
                stored: &fresh.stored(state, ctx, live.remembered)?,
                amr: &live.amr,
                aal: Aal::of(&live.amr),
                password_set_at: set_at,
                factors_changed_at: proof.factors_changed_at,
                // A password says too little where there is a second factor.
                fresh: !proof.factors.has_second(),
            };
            sessions::renew(&mut transaction, &renewal).await?
        }
        None => false,
    };
    if !is_still_here {
        return Ok(Changed::Over);
    }
    sessions::revoke_others(&mut transaction, user_id, Some(live.id)).await?;
    let browser = ctx.browser().map(SecretToken::digest);
    known_browsers::forget(&mut transaction, user_id, browser.as_ref()).await?;
    let entry = signin::entry(ctx, &Event::PasswordChanged, Some(user_id), Some(live.id));
    audit::record(&mut transaction, &entry).await?;
    let letter = NewLetter {
        kind: Kind::PasswordChanged,
        user_id: Some(user_id),
        address: &live.email,
        lang: live.language.as_deref().and_then(Lang::from_code).unwrap_or(ctx.lang()),
        detail: json!({}),
    };
    outbox::enqueue(&mut transaction, state.entropy, &letter).await?;
    if let Some(browser) = browser {
        known_browsers::remember(&mut transaction, user_id, &browser).await?;
    }
    proof::settle(&mut transaction, proof).await?;
    transaction.commit().await?;
    state.mailer.wake();
    Renewed::new(fresh, live).begun(state, session).await?;
    Ok(Changed::Done)
}
