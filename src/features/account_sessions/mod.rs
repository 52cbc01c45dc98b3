//! Where you are signed in, and how to end that.
//!
//! 1. `GET /account/sessions` lists every live session of the account, this one first.
//! 2. `POST /account/sessions/end` ends one of them. One that is over, unknown or somebody else's is
//!    not there: 404, and nothing happens to it. Ending this one signs out.
//! 3. `POST /account/sessions/end-others` ends every session but this one.
//! 4. Below them stand the browsers that skip the second step. `POST /account/browsers/forget` has it asked
//!    for again in one of them; what is not the account's own is not there: 404.
//!
//! An ended session is over with its next request, on every replica.

pub mod pages;

use axum::{extract::State, response::Response};
use tower_sessions::Session;
use uuid::Uuid;

use self::pages::{BrowserRow, SessionsPage};
use crate::{
    accounts,
    audit::{self, Event},
    sessions::{self, LiveSession, SESSIONS_MAX, known_browsers},
    signin,
    state::AppState,
    types::{Notice, SecretToken, SessionId},
    web::{
        AppError, Ctx, SignedIn, Submitted, Visitor,
        access::Access,
        event,
        notice::{page_with_notice, see_other_with},
        paths,
        routes::Routes,
        see_other, session_rows,
    },
};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ACCOUNT_SESSIONS, Access::SignedIn, show)
        .get(paths::ACCOUNT_SESSIONS_END, Access::SignedIn, back)
        .post(paths::ACCOUNT_SESSIONS_END, Access::SignedIn, end)
        .get(paths::ACCOUNT_SESSIONS_END_OTHERS, Access::SignedIn, back)
        .post(paths::ACCOUNT_SESSIONS_END_OTHERS, Access::SignedIn, end_others)
        .get(paths::ACCOUNT_BROWSERS_FORGET, Access::SignedIn, back)
        .post(paths::ACCOUNT_BROWSERS_FORGET, Access::SignedIn, forget_browser)
}

async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let mut connection = state.db.acquire().await?;
    let all = u32::try_from(SESSIONS_MAX).unwrap_or(u32::MAX);
    let listed = sessions::list_live(&mut connection, &[(live.user_id, live.id)], all).await?;
    let listed = listed.into_values().next().unwrap_or_default();
    let browser = ctx.browser().map(SecretToken::digest);
    let trusted = known_browsers::list_trusted(&mut connection, live.user_id, browser.as_ref()).await?;
    drop(connection);
    let browsers = trusted.iter().map(|browser| BrowserRow::of(&ctx, browser)).collect();
    let content = SessionsPage { sessions: session_rows(&ctx, &live, &listed), browsers, notice: ctx.notice() };
    page_with_notice(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

/// Where a visitor comes to whose form was refused, or who had to sign in, with one of the forms in hand. It ends
/// nothing.
async fn back() -> Response {
    see_other(paths::ACCOUNT_SESSIONS)
}

async fn end(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let id = SessionId::parse(fields.get("session")).ok_or(AppError::NotFound)?;
    if !revoke(&state, &ctx, &live, id).await? {
        return Err(AppError::NotFound);
    }
    if id == live.id {
        event::signed_out(&ctx, live.user_id, live.id);
        return signin::leave(&state, &session).await;
    }
    event::session_ended(&ctx, live.user_id, id);
    Ok(see_other_with(&state, paths::ACCOUNT_SESSIONS, Notice::SessionEnded))
}

/// Ends one session of the account, and tells whether there was such a live one.
async fn revoke(state: &AppState, ctx: &Ctx, live: &LiveSession, id: SessionId) -> Result<bool, AppError> {
    let mut transaction = state.db.begin().await?;
    if !sessions::revoke_of(&mut transaction, live.user_id, id).await? {
        return Ok(false);
    }
    let event = if id == live.id { Event::SignedOut } else { Event::SessionEnded { ended: id } };
    audit::record(&mut transaction, &signin::entry(ctx, &event, Some(live.user_id), Some(live.id))).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn end_others(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(_): Submitted,
) -> Result<Response, AppError> {
    let mut transaction = state.db.begin().await?;
    accounts::hold(&mut transaction, live.user_id).await?;
    let count = sessions::revoke_others(&mut transaction, live.user_id, Some(live.id)).await?;
    if count > 0 {
        let event = Event::OtherSessionsEnded { count };
        audit::record(&mut transaction, &signin::entry(&ctx, &event, Some(live.user_id), Some(live.id))).await?;
    }
    transaction.commit().await?;
    if count > 0 {
        event::other_sessions_ended(&ctx, live.user_id, count);
    }
    Ok(see_other_with(&state, paths::ACCOUNT_SESSIONS, Notice::OtherSessionsEnded))
}

async fn forget_browser(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let id = Uuid::try_parse(fields.get("browser")).map_err(|_| AppError::NotFound)?;
    let mut transaction = state.db.begin().await?;
    if !known_browsers::distrust_one(&mut transaction, live.user_id, id).await? {
        return Err(AppError::NotFound);
    }
    let entry = signin::entry(&ctx, &Event::BrowserForgotten, Some(live.user_id), Some(live.id));
    audit::record(&mut transaction, &entry).await?;
    transaction.commit().await?;
    event::factors_changed(&ctx, live.user_id, "browser forgotten");
    Ok(see_other_with(&state, paths::ACCOUNT_SESSIONS, Notice::BrowserForgotten))
}
