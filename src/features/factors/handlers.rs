//! The overview, and living without a password.

use super::{
    pages::{FactorsPage, PasswordlessPage},
    service::{self, Removed},
};
use crate::{
    accounts,
    types::Notice,
    web::{Answer, AnswerExt as _, Ctx, SignedIn, Submitted, paths},
};

/// `GET /account/factors`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    // Of an account that must add a factor, or of a person whose app wants one.
    ctx.keep_next().await?;
    let overview = service::overview(&ctx.state, &me).await?;
    ctx.page(&FactorsPage::new(overview, me.must_enrol, ctx.now(), ctx.take_notice()))
}

/// `GET /account/password/remove`.
pub async fn show_remove_password(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let factors = accounts::factors(&mut *ctx.state.db.acquire().await?, me.user_id).await?;
    if !factors.password {
        return ctx.see_other(paths::ACCOUNT_FACTORS);
    }
    ctx.page(&PasswordlessPage::new(&me, &factors, false))
}

/// `POST /account/password/remove`.
pub async fn remove_password(ctx: Ctx, SignedIn(me): SignedIn, Submitted(_): Submitted) -> Answer {
    match service::remove_password(&ctx.state, ctx.request(), &me).await? {
        Removed::Done => ctx.see_other(paths::ACCOUNT_FACTORS).notice(Notice::PasswordRemoved),
        Removed::Missing => ctx.see_other(paths::ACCOUNT_FACTORS),
        Removed::Needed(factors) => ctx.refuse(&PasswordlessPage::new(&me, &factors, true)),
    }
}
