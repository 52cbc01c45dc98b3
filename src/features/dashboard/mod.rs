//! Who you are, and where you are signed in: the account's front page.

pub mod pages;

use axum::{extract::State, response::Response};

use self::pages::DashboardPage;
use crate::{
    sessions::{ListedSession, LiveSession},
    state::AppState,
    types::Age,
    web::{
        AppError, Ctx, SignedIn, Visitor, access::Access, notice::page_with_notice, paths, routes::Routes, session_rows,
    },
};

/// The most sessions shown; a page of their own shows them all.
pub const SHOWN: u32 = 3;

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::DASHBOARD, Access::SignedIn, show)
}

/// `GET /dashboard`: one statement beside the one that found the visitor, or a share of one.
async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let listed = state.overviews.answer((live.user_id, live.id)).await?;
    let content = content(&ctx, &live, listed.as_deref().unwrap_or_default());
    page_with_notice(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

fn content(ctx: &Ctx, live: &LiveSession, listed: &[ListedSession]) -> DashboardPage {
    let rows = session_rows(ctx, live, listed);
    let first = listed.first();
    let factors = first.map(ListedSession::factors).unwrap_or_default();
    let total = first.map_or(0, |session| usize::try_from(session.total).unwrap_or(0));
    DashboardPage {
        username: live.username.clone(),
        display_name: live.display_name.clone(),
        email: live.email.clone(),
        member_since: first.map(|session| session.member_since.date().to_string()).unwrap_or_default(),
        more_sessions: total.saturating_sub(rows.len()),
        password_changed: first.and_then(|session| session.password_changed_at).map(|at| Age::between(at, ctx.now())),
        passkeys: factors.passkeys,
        apps: factors.totp,
        second_step: factors.has_second(),
        recovery_codes: factors.recovery_codes,
        sessions: rows,
        notice: ctx.notice(),
    }
}
