//! The dashboard: an overview of the account, its factors and its sessions.

pub mod pages;

use self::pages::DashboardPage;
use crate::web::{Access, Answer, AppError, Ctx, SignedIn, Slice, paths};

/// The dashboard.
pub const SLICE: Slice = Slice::new(|r| r.get(paths::DASHBOARD, Access::account(), show));

async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let overview = ctx.state.overviews.answer((me.user_id, me.id)).await?.ok_or(AppError::NotFound)?;
    ctx.page(&DashboardPage::new(&ctx, &me, &overview))
}
