//! Shows the form and takes it.

use super::{
    pages::{LinkExpiredPage, SetupPage},
    service::{self, SetUp},
};
use crate::{
    accounts::Role,
    features::registration::{self, pages::RegisterPage},
    signin::{Entered, SignInAnswer as _},
    web::{Answer, AnswerExt as _, Ctx, Submitted, paths},
};

/// `GET /setup`.
pub async fn show(ctx: Ctx) -> Answer {
    if let Some(answer) = ctx.carry_link(paths::SETUP) {
        return answer;
    }
    if !service::link_works(&ctx.state, ctx.link()).await? {
        return link_expired(&ctx);
    }
    ctx.page(&SetupPage { form: RegisterPage::blank(&ctx.state.config, None) })
}

/// 410 Gone, and how to get another.
fn link_expired(ctx: &Ctx) -> Answer {
    ctx.refuse(&LinkExpiredPage {}).without_link(ctx)
}

/// `POST /setup`.
pub async fn submit(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    let (page, form) = registration::parse(&form, &ctx.state.config, Role::Admin);
    let replaces = ctx.visitor().any_session();
    match service::set_up(&ctx.state, ctx.request(), ctx.link(), form, replaces).await? {
        SetUp::Done(Entered::In(opened)) => ctx.go_on(None).signed_in(opened).without_link(&ctx),
        SetUp::Done(_) => ctx.see_other(paths::LOGIN),
        SetUp::LinkExpired => link_expired(&ctx),
        SetUp::Refused(errors) => ctx.refuse(&SetupPage { form: RegisterPage { errors, ..page } }),
        SetUp::Throttled(throttled) => {
            ctx.refuse(&SetupPage { form: RegisterPage { problem: Some(throttled), ..page } })
        }
    }
}
