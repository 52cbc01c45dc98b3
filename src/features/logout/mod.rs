//! Signing out.
//!
//! `GET /logout` shows a button and changes nothing. `POST /logout` revokes the session row, which
//! ends the session on every replica at once, deletes what the store kept, and asks the browser to
//! forget what it cached.

pub mod pages;

use axum::{extract::State, http::StatusCode, response::Response};
use tower_sessions::Session;

use crate::{
    audit::{self, Entry, Event},
    sessions::{self, LiveSession},
    signin,
    state::AppState,
    web::{AppError, Ctx, Submitted, Visitor, access::Access, event, page, paths, refused, routes::Routes},
};
use pages::LogoutPage;

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::LOGOUT, Access::Anyone, show).post(paths::LOGOUT, Access::Anyone, submit)
}

async fn show(State(state): State<AppState>, ctx: Ctx, visitor: Visitor) -> Result<Response, AppError> {
    page(&state, &ctx, Some(&visitor), &LogoutPage { signed_in: visitor.any_session().is_some() })
}

/// Signing out twice is as good as once: a second tab's form has lost its session and with it its
/// token, and hears that it is done instead of a warning.
async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    session: Session,
    form: Result<Submitted, AppError>,
) -> Result<Response, AppError> {
    match form {
        Err(AppError::StaleForm) if visitor.any_session().is_none() => {
            return refused(&state, &ctx, StatusCode::FORBIDDEN, None, &LogoutPage { signed_in: false });
        }
        form => form?,
    };
    if let Some(live) = visitor.any_session() {
        end(&state, &ctx, live).await?;
        event::signed_out(&ctx, live.user_id, live.id);
    }
    signin::leave(&state, &session).await
}

async fn end(state: &AppState, ctx: &Ctx, live: &LiveSession) -> Result<(), AppError> {
    let mut transaction = state.db.begin().await?;
    // A double click ends a session once.
    if sessions::revoke(&mut transaction, live.id).await? {
        let entry = Entry::of_visitor(&Event::SignedOut, Some(live.user_id), Some(live.id), ctx.origin());
        audit::record(&mut transaction, &entry).await?;
    }
    transaction.commit().await?;
    Ok(())
}
