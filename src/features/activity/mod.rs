//! What happened in one's own account: the audit trail as its owner may read it.
//!
//! `GET /account/activity` shows the newest events, fifty at a time; `?before=` takes the place of the
//! last one shown. Whatever stands there, the statement asks for the visitor's own events only.

pub mod pages;

use axum::{extract::State, http::Uri, response::Response};
use url::form_urlencoded;

use self::pages::{ActivityPage, ActivityRow};
use crate::{
    audit::{self, Listed},
    sessions::LiveSession,
    state::AppState,
    types::Age,
    web::{AppError, Ctx, SignedIn, Visitor, access::Access, device, page, paths, routes::Routes},
};

/// Events on one page.
const SHOWN: u32 = 50;

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::ACCOUNT_ACTIVITY, Access::SignedIn, show)
}

/// `GET /account/activity`.
async fn show(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    uri: Uri,
) -> Result<Response, AppError> {
    let before = cursor(&uri)?;
    let mut connection = state.db.acquire().await?;
    // One more than is shown tells whether there are older ones.
    let listed = audit::list_of(&mut connection, live.user_id, before, SHOWN + 1).await?;
    drop(connection);
    let content = content(&ctx, &live, before.is_some(), listed);
    page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

/// Where the page before ended; whatever we cannot have written there is no request of ours.
fn cursor(uri: &Uri) -> Result<Option<i64>, AppError> {
    const FORGED: AppError = AppError::BadRequest("a cursor that was not ours");
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut values = pairs.filter(|(name, _)| name == "before").map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.parse().ok().filter(|seq| *seq > 0).map(Some).ok_or(FORGED),
        (Some(_), Some(_)) => Err(FORGED),
    }
}

fn content(ctx: &Ctx, live: &LiveSession, continued: bool, mut listed: Vec<Listed>) -> ActivityPage {
    let shown = usize::try_from(SHOWN).unwrap_or(usize::MAX);
    let more = listed.len() > shown;
    listed.truncate(shown);
    ActivityPage {
        older: listed.last().filter(|_| more).map(|event| event.seq),
        newest: continued,
        kept_days: audit::KEPT_FOR_DAYS,
        rows: listed.iter().map(|event| row(ctx, live, event)).collect(),
    }
}

fn row(ctx: &Ctx, live: &LiveSession, listed: &Listed) -> ActivityRow {
    let user_agent = listed.user_agent.as_deref().unwrap_or_default();
    let (what, count) = pages::words(listed.event.as_ref());
    ActivityRow {
        what,
        count,
        when: Age::between(listed.at, ctx.now()),
        by: pages::doer(listed.actor),
        browser: device::browser(user_agent).map(str::to_owned),
        system: device::system(user_agent).map(str::to_owned),
        address: listed.address.clone(),
        current: listed.session_id == Some(live.id),
    }
}
