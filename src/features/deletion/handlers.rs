//! Go, or stay after all.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode},
    response::Response,
};
use tower_sessions::Session;

use super::{
    pages::{DeletePage, DeleteProblem, KeepPage},
    service::{self, Scheduled},
};
use crate::{
    state::AppState,
    types::Notice,
    web::{
        AppError, Ctx, SignedIn, Submitted, Visitor, cookies, event, mailed_link, notice::see_other_with, page, paths,
        refused_to,
    },
};

/// `GET /account/delete`.
pub async fn show(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    SignedIn(live): SignedIn,
) -> Result<Response, AppError> {
    page(&state, &ctx, Some(&visitor), &DeletePage { username: live.username.clone(), problem: None })
}

/// `POST /account/delete`.
pub async fn schedule(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let again = |problem| {
        let content = DeletePage { username: live.username.clone(), problem: Some(problem) };
        let visitor = Visitor::SignedIn(live.clone());
        refused_to(&state, &ctx, Some(&visitor), StatusCode::UNPROCESSABLE_ENTITY, None, &content)
    };
    if fields.get("understood") != "yes" {
        return again(DeleteProblem::NotUnderstood);
    }
    match service::schedule(&state, &ctx, &live).await? {
        Scheduled::Done => {}
        Scheduled::LastAdmin => return again(DeleteProblem::LastAdmin),
        Scheduled::Ended => return Err(AppError::SignIn { next: None }),
    }
    event::deletion_planned(&ctx, live.user_id, true);
    event::signed_out(&ctx, live.user_id, live.id);
    session.flush().await?;
    let mut response = see_other_with(&state, paths::LOGIN, Notice::DeletionScheduled);
    let (headers, public_url) = (response.headers_mut(), &state.config.site.public_url);
    cookies::remove(headers, public_url, cookies::Name::Csrf);
    headers.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// `GET /account/delete/undo`.
pub async fn show_undo(State(state): State<AppState>, ctx: Ctx) -> Result<Response, AppError> {
    if let Some(response) = mailed_link::carry(&state, &ctx, paths::ACCOUNT_DELETE_UNDO) {
        return Ok(response);
    }
    match service::open(&state, &ctx).await? {
        Some(username) => page(&state, &ctx, None, &KeepPage { username, link_over: false }),
        None => link_over(&state, &ctx),
    }
}

fn link_over(state: &AppState, ctx: &Ctx) -> Result<Response, AppError> {
    let content = KeepPage { username: String::new(), link_over: true };
    mailed_link::over(state, ctx, &content)
}

/// `POST /account/delete/undo`.
pub async fn undo(State(state): State<AppState>, ctx: Ctx, Submitted(_): Submitted) -> Result<Response, AppError> {
    let Some(user_id) = service::undo(&state, &ctx).await? else { return link_over(&state, &ctx) };
    event::deletion_planned(&ctx, user_id, false);
    let mut response = see_other_with(&state, paths::LOGIN, Notice::DeletionUndone);
    mailed_link::drop_link(&state, response.headers_mut());
    Ok(response)
}
