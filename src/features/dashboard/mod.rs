//! Who you are, and where you are signed in: the account's front page.

pub mod pages;

use axum::{extract::State, response::Response};

use self::pages::{DashboardPage, SessionRow};
use crate::{
    authn::sessions::{self, ListedSession, LiveSession},
    state::AppState,
    types::Age,
    web::{AppError, Ctx, SignedIn, Visitor, access::Access, device, page, paths, routes::Routes},
};

/// The most sessions shown; the rest is counted.
const SHOWN: u32 = 20;

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::DASHBOARD, Access::SignedIn, show)
}

/// `GET /dashboard`: one statement beside the one that found the visitor.
async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let mut connection = state.db.acquire().await?;
    let listed = sessions::list_live(&mut connection, live.user_id, SHOWN).await?;
    drop(connection);
    let content = content(&ctx, &live, &listed);
    page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

fn content(ctx: &Ctx, live: &LiveSession, listed: &[ListedSession]) -> DashboardPage {
    let mut rows: Vec<_> = listed.iter().map(|session| row(ctx, live, session)).collect();
    // This browser's own first; the sort is stable, so the rest stay in the order of their last use.
    rows.sort_by_key(|row| !row.current);
    let first = listed.first();
    let total = first.map_or(0, |session| session.total);
    DashboardPage {
        username: live.username.clone(),
        display_name: live.display_name.clone(),
        email: live.email.clone(),
        member_since: first.map(|session| session.member_since.date().to_string()).unwrap_or_default(),
        more_sessions: u32::try_from(total).unwrap_or(u32::MAX).saturating_sub(SHOWN),
        password_changed: first.and_then(|session| session.password_changed_at).map(|at| Age::between(at, ctx.now())),
        sessions: rows,
    }
}

fn row(ctx: &Ctx, live: &LiveSession, session: &ListedSession) -> SessionRow {
    SessionRow {
        browser: device::browser(&session.user_agent).map(str::to_owned),
        system: device::system(&session.user_agent).map(str::to_owned),
        address: session.address.clone(),
        created: Age::between(session.created_at, ctx.now()),
        last_seen: Age::between(session.last_seen_at, ctx.now()),
        current: session.id == live.id,
        remembered: session.remembered,
    }
}
