//! The account's front page: who you are, how you sign in, and where you are signed in.

pub mod pages;

use self::pages::DashboardPage;
use crate::{
    accounts, sessions,
    web::{Access, Answer, AppError, Ctx, SignedIn, Slice, paths},
};

/// The most sessions shown; a page of their own shows them all.
const SHOWN: i64 = 3;

/// The dashboard.
pub const SLICE: Slice = Slice::new(|r| r.get(paths::DASHBOARD, Access::account(), show));

async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let mut connection = ctx.state.db.acquire().await?;
    let user = accounts::find(&mut connection, me.user_id).await?.ok_or(AppError::NotFound)?;
    let factors = accounts::factors(&mut connection, me.user_id).await?;
    let listed = sessions::list_live(&mut connection, me.user_id, me.id, SHOWN).await?;
    drop(connection);
    ctx.page(&DashboardPage::new(&ctx, &me, user, &factors, &listed))
}
