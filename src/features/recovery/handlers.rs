//! Ask, then choose a new password.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    pages::{AskPage, AskProblem, ResetPage, ResetProblem},
    service::{self, Reset},
};
use crate::{
    accounts::{Identifier, User},
    limits::Taken,
    state::AppState,
    types::{Email, Notice, Wait},
    web::{
        AppError, Ctx, Submitted, event, mailed_link, new_password_of,
        notice::{page_with_notice, see_other_with},
        paths, refused, retry_seconds,
    },
};

/// `GET /recover`.
pub async fn show(State(state): State<AppState>, ctx: Ctx) -> Result<Response, AppError> {
    page_with_notice(
        &state,
        &ctx,
        None,
        &AskPage { notice: ctx.notice(), dev_mail: state.mailer.keeps_letters_here(), ..AskPage::default() },
    )
}

/// `POST /recover`.
pub async fn ask(State(state): State<AppState>, ctx: Ctx, Submitted(fields): Submitted) -> Result<Response, AppError> {
    let typed = fields.get("identifier");
    let identifier = fields.shown("identifier", Email::MAX);
    let again = |problem, status, wait| {
        let content = AskPage { identifier: identifier.clone(), problem: Some(problem), ..AskPage::default() };
        refused(&state, &ctx, status, wait, &content)
    };
    if typed.trim().is_empty() || typed.contains('\0') {
        return again(AskProblem::Missing, StatusCode::UNPROCESSABLE_ENTITY, None);
    }
    if state.mailer.is_full() {
        let wait = Wait::from_secs(30);
        return again(AskProblem::Busy { wait }, StatusCode::SERVICE_UNAVAILABLE, Some(wait));
    }
    match service::ask(&state, &ctx, &Identifier::parse(typed)).await? {
        Taken::Yes => {
            event::recovery_asked(&ctx);
            Ok(see_other_with(&state, paths::RECOVER, Notice::RecoveryMailed))
        }
        Taken::No { retry_after } => {
            event::limited(&ctx, "recover");
            let wait = Wait::from_secs(retry_seconds(retry_after));
            again(AskProblem::SlowDown { wait }, StatusCode::TOO_MANY_REQUESTS, Some(wait))
        }
    }
}

/// `GET /recover/reset`.
pub async fn show_reset(State(state): State<AppState>, ctx: Ctx) -> Result<Response, AppError> {
    if let Some(response) = mailed_link::carry(&state, &ctx, paths::RECOVER_RESET) {
        return Ok(response);
    }
    match service::open(&state, &ctx).await? {
        Some(user) => {
            page_with_notice(&state, &ctx, None, &ResetPage { notice: ctx.notice(), ..reset_page(&state, &user) })
        }
        None => link_over(&state, &ctx),
    }
}

fn reset_page(state: &AppState, user: &User) -> ResetPage {
    let password_min = state.config.passwords.policy.min;
    ResetPage { username: user.username.clone(), password_min, error: None, problem: None, notice: None }
}

/// 410 Gone, with the form that asks for another link.
fn link_over(state: &AppState, ctx: &Ctx) -> Result<Response, AppError> {
    let content = AskPage { problem: Some(AskProblem::LinkOver), ..AskPage::default() };
    mailed_link::over(state, ctx, &content)
}

/// `POST /recover/reset`.
pub async fn reset(
    State(state): State<AppState>,
    ctx: Ctx,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    // Looked at before the password is: whoever has no link learns nothing, and costs no hash.
    let Some(user) = service::open(&state, &ctx).await? else { return link_over(&state, &ctx) };
    let content = reset_page(&state, &user);
    // While nobody has shown that the address is theirs, the name is the claimant's: it goes with the reset, and says
    // nothing about who is here.
    let display_name = user.email_verified_at.and(user.display_name.as_deref());
    let password = match new_password_of(&state, &user, display_name, fields.get("password")) {
        Ok(password) => password,
        Err(error) => {
            let content = ResetPage { error: Some(error), ..content };
            return refused(&state, &ctx, StatusCode::UNPROCESSABLE_ENTITY, None, &content);
        }
    };
    let again = |problem, status, wait| {
        refused(&state, &ctx, status, Some(wait), &ResetPage { problem: Some(problem), ..content.clone() })
    };
    match service::reset(&state, &ctx, user.id, password).await? {
        Reset::Done(user_id) => {
            event::password_changed(&ctx, user_id);
            let mut response = see_other_with(&state, paths::LOGIN, Notice::PasswordReset);
            mailed_link::drop_link(&state, response.headers_mut());
            Ok(response)
        }
        Reset::LinkOver => link_over(&state, &ctx),
        Reset::SlowDown(retry_after) => {
            event::limited(&ctx, "recover");
            let wait = Wait::from_secs(retry_seconds(retry_after));
            again(ResetProblem::SlowDown { wait }, StatusCode::TOO_MANY_REQUESTS, wait)
        }
        Reset::Busy => {
            let wait = Wait::from_secs(1);
            again(ResetProblem::Busy { wait }, StatusCode::SERVICE_UNAVAILABLE, wait)
        }
    }
}
