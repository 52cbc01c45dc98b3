//! Living without a password.

use axum::{extract::State, http::StatusCode, response::Response};

use super::pages::PasswordlessPage;
use crate::{
    accounts::{
        self, Factors,
        links::{self, Purpose},
    },
    audit::Event,
    sessions::LiveSession,
    signin::factor_change,
    state::AppState,
    types::Notice,
    web::{
        AppError, Ctx, SignedIn, Submitted, Visitor, event, notice::see_other_with, page, paths, refused_to, see_other,
    },
};

/// `GET /account/password/remove`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let mut connection = state.db.acquire().await?;
    let factors = accounts::factors(&mut connection, live.user_id).await?;
    drop(connection);
    if !factors.password {
        return Ok(see_other(paths::ACCOUNT_FACTORS));
    }
    let content = content(&live, &factors, false);
    page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

fn content(live: &LiveSession, factors: &Factors, refused: bool) -> PasswordlessPage {
    PasswordlessPage {
        username: live.username.clone(),
        email: live.email.clone(),
        allowed: factors.do_without_password(),
        passkeys: factors.passkeys,
        refused,
    }
}

/// `POST /account/password/remove`.
pub async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(_): Submitted,
) -> Result<Response, AppError> {
    match remove(&state, &ctx, &live).await? {
        Removed::Done => {
            event::password_changed(&ctx, live.user_id);
            Ok(see_other_with(&state, paths::ACCOUNT_FACTORS, Notice::PasswordRemoved))
        }
        Removed::NotThere => Ok(see_other(paths::ACCOUNT_FACTORS)),
        Removed::Over => Err(AppError::SignIn { next: None }),
        Removed::Needed(factors) => {
            let content = content(&live, &factors, true);
            refused_to(&state, &ctx, Some(&Visitor::SignedIn(live)), StatusCode::UNPROCESSABLE_ENTITY, None, &content)
        }
    }
}

/// What became of the password.
#[must_use]
#[derive(Clone, Copy, Debug)]
enum Removed {
    /// It is gone.
    Done,
    /// The account had none.
    NotThere,
    /// The account cannot do without it.
    Needed(Factors),
    /// The session ended meanwhile.
    Over,
}

/// Takes the password away, with all that it opened, or does nothing. The account is held, so that no
/// passkey goes at the same moment.
async fn remove(state: &AppState, ctx: &Ctx, live: &LiveSession) -> Result<Removed, AppError> {
    let user_id = live.user_id;
    let mut transaction = state.db.begin().await?;
    accounts::hold(&mut transaction, user_id).await?;
    let factors = accounts::factors(&mut transaction, user_id).await?;
    if !factors.password {
        return Ok(Removed::NotThere);
    }
    if !factors.do_without_password() {
        return Ok(Removed::Needed(factors));
    }
    // A link that would set another stays good for nobody.
    links::kill(&mut transaction, user_id, &[Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail]).await?;
    accounts::drop_password(&mut transaction, user_id).await?;
    if !factor_change::removed(&mut transaction, ctx, live, &factors).await? {
        return Ok(Removed::Over);
    }
    factor_change::tell(&mut transaction, state, ctx, live, (&Event::PasswordRemoved, "password-removed")).await?;
    transaction.commit().await?;
    state.mailer.wake();
    Ok(Removed::Done)
}
