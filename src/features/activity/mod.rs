//! Shows a user the audit events of their own account.
//!
//! `GET /account/activity` shows the newest events, fifty per page; `?before=` continues after the last one shown.
//! The query returns the user's own events only, whatever the URL says.

pub mod pages;

use axum::http::Uri;
use url::form_urlencoded;

use self::pages::ActivityPage;
use crate::{
    audit,
    web::{Access, Answer, AppError, Ctx, SignedIn, Slice, paths},
};

/// Events on one page.
const SHOWN: u32 = 50;

/// The activity page.
pub const SLICE: Slice = Slice::new(|r| r.get(paths::ACCOUNT_ACTIVITY, Access::account(), show));

async fn show(ctx: Ctx, SignedIn(me): SignedIn, uri: Uri) -> Answer {
    let before = cursor(&uri)?;
    // Fetches one more than the page shows, to know whether older ones exist.
    let mut listed = audit::list_of(&mut *ctx.state.db.acquire().await?, me.user_id, before, SHOWN + 1).await?;
    let more = listed.len() > SHOWN as usize;
    listed.truncate(SHOWN as usize);
    ctx.page(&ActivityPage {
        older: listed.last().filter(|_| more).map(|event| event.seq),
        newest: before.is_some(),
        kept_days: audit::KEPT_FOR_DAYS,
        rows: listed.iter().map(|event| pages::row(&ctx, &me, event)).collect(),
    })
}

/// Where the page before ended.
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
