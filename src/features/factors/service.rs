//! The overview of an account's factors, and removing its password.

use time::OffsetDateTime;

use crate::{
    accounts::{
        self, Factors, ListedFactor,
        links::{self, Purpose},
    },
    audit::Event,
    sessions::LiveSession,
    signin::factor_change::{self, Changed},
    state::AppState,
    types::Request,
    web::AppError,
};

/// Everything that an account can be signed in with.
#[derive(Debug)]
pub struct Overview {
    /// How many of each kind.
    pub factors: Factors,
    /// The factors of each kind, by its code.
    pub listed: Vec<(&'static str, Vec<ListedFactor>)>,
    /// When the password was set; none without one.
    pub password_set_at: Option<OffsetDateTime>,
}

/// Lists everything that an account can be signed in with.
pub async fn overview(state: &AppState, live: &LiveSession) -> Result<Overview, AppError> {
    let mut connection = state.db.acquire().await?;
    let factors = accounts::factors(&mut connection, live.user_id).await?;
    let user = accounts::find(&mut connection, live.user_id).await?;
    let mut listed = Vec::new();
    for kind in state.factors {
        listed.push((kind.code, (kind.list)(&mut connection, live.user_id).await?));
    }
    Ok(Overview { factors, listed, password_set_at: user.and_then(|user| user.password_changed_at) })
}

/// The result of removing a password.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub enum Removed {
    /// It is gone.
    Done,
    /// The account had none.
    Missing,
    /// The account cannot do without it.
    Needed(Factors),
}

/// Removes the password of an account, and ends what it opened.
pub async fn remove_password(state: &AppState, request: &Request, live: &LiveSession) -> Result<Removed, AppError> {
    let user_id = live.user_id;
    let mut unit = state.recorder(request).begin().await?;
    // Locked, so that no passkey is removed at the same moment.
    accounts::lock(&mut unit, user_id).await?;
    let factors = accounts::factors(&mut unit, user_id).await?;
    if !factors.password {
        return Ok(Removed::Missing);
    }
    if !factors.do_without_password() {
        return Ok(Removed::Needed(factors));
    }
    // No link that was mailed before sets another.
    links::revoke(&mut unit, user_id, &[Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail]).await?;
    accounts::drop_password(&mut unit, user_id).await?;
    let left = Factors { password: false, ..factors };
    if let Changed::SignedOut = factor_change::removed(&mut unit, state, live, &left).await? {
        return Err(AppError::SignIn { next: None });
    }
    factor_change::report(&mut unit, request, live, Event::PasswordRemoved, ("password-removed", None)).await?;
    unit.commit().await?;
    Ok(Removed::Done)
}
