//! Consequences of adding or removing a factor. All functions run in the transaction of the change, which has locked
//! the account.

use serde_json::json;

use super::renew;
use crate::{
    accounts::{self, Factors},
    audit::{Event, Unit},
    mail::{Kind, NewEmail},
    sessions::{self, LiveSession, Method, known_browsers},
    state::AppState,
    types::{Lang, Request},
    web::{AppError, SessionCookie},
};

/// An email to the owner about changed factors. Its detail has the `change`, the `name` of the factor, and the
/// number of recovery codes `left`.
pub const FACTORS_CHANGED: Kind = Kind::notice("factors-changed");

/// The result of a change in a session.
#[must_use]
#[derive(Debug)]
pub enum Changed {
    /// The session continues, with a new cookie if there is one.
    Done(Option<SessionCookie>),
    /// The session has ended.
    SignedOut,
}

/// Handles an added factor. The first second factor ends every other session, because a password alone is no longer
/// enough; the current session gets a new cookie. Further factors end nothing.
pub async fn added(
    unit: &mut Unit,
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    (before, method): (&Factors, Method),
) -> Result<Changed, AppError> {
    accounts::credentials_changed(unit, live.user_id).await?;
    if before.has_second() {
        let live = sessions::lock(unit, live.id).await?;
        return Ok(if live { Changed::Done(None) } else { Changed::SignedOut });
    }
    let renewed = renew(unit, state, request, live, method, None).await?;
    end_others(unit, live).await?;
    Ok(renewed.map_or(Changed::SignedOut, |renewed| Changed::Done(Some(renewed))))
}

/// Handles a removed factor or password: revokes sessions that may have used it, distrusts all browsers, and deletes
/// recovery codes with the last factor.
pub async fn removed(unit: &mut Unit, state: &AppState, live: &LiveSession, left: &Factors) -> sqlx::Result<Changed> {
    if !left.has_second() {
        for factor in state.factors.iter().filter(|factor| factor.stands_in) {
            (factor.delete)(unit, live.user_id, None).await?;
        }
    }
    accounts::credentials_changed(unit, live.user_id).await?;
    if !sessions::lock(unit, live.id).await? {
        return Ok(Changed::SignedOut);
    }
    end_others(unit, live).await?;
    known_browsers::distrust(unit, live.user_id, None).await?;
    Ok(Changed::Done(None))
}

async fn end_others(unit: &mut Unit, live: &LiveSession) -> sqlx::Result<()> {
    let count = sessions::revoke_others(unit, live.user_id, Some(live.id)).await?;
    if count > 0 {
        unit.record(Event::OtherSessionsEnded { count }, live.user_id, Some(live.id));
    }
    Ok(())
}

/// Records a change and emails the owner: its code, and the name of the factor, if it has one.
pub async fn report(
    unit: &mut Unit,
    request: &Request,
    live: &LiveSession,
    event: Event,
    (change, name): (&str, Option<&str>),
) -> sqlx::Result<()> {
    unit.record(event, live.user_id, Some(live.id));
    let email = NewEmail {
        kind: &FACTORS_CHANGED,
        user_id: Some(live.user_id),
        address: &live.email,
        lang: live.language.as_deref().and_then(Lang::from_code).unwrap_or(request.lang),
        detail: json!({ "change": change, "name": name }),
    };
    unit.email(&email).await
}
