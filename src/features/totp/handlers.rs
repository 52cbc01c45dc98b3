//! Handlers for setting up an app.

use super::{
    forms,
    pages::{BeginPage, EnrolPage},
    service::{self, Begun, Confirmed},
};
use crate::{
    accounts,
    features::recovery_codes,
    types::Notice,
    web::{Answer, AnswerExt as _, Ctx, SignedIn, Submitted, paths},
};

/// `GET /account/factors/totp`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    if let Some(shown) = service::unconfirmed(&ctx.state, &me).await? {
        return ctx.page(&EnrolPage::new(&ctx.state.config.site.name, &me.username, &shown));
    }
    let factors = accounts::factors(&mut *ctx.state.db.acquire().await?, me.user_id).await?;
    ctx.page(&BeginPage { first: !factors.has_second(), ..BeginPage::new(false) })
}

/// `POST /account/factors/totp`.
pub async fn begin(ctx: Ctx, SignedIn(me): SignedIn, Submitted(_): Submitted) -> Answer {
    match service::begin(&ctx.state, ctx.request(), &me).await? {
        Begun::Ready => ctx.see_other(paths::ACCOUNT_TOTP),
        Begun::Full => ctx.refuse(&BeginPage::new(true)),
    }
}

/// `POST /account/factors/totp/confirm`.
pub async fn confirm(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let default_name = ctx.state.templates.message(ctx.lang(), "totp-default-name");
    let problems = match forms::parse(&form, &default_name) {
        Err(problems) => problems,
        Ok(typed) => match service::confirm(&ctx.state, ctx.request(), &me, form.get("app"), &typed).await? {
            Confirmed::Added { renewed, codes: None } => {
                return ctx.see_other(paths::ACCOUNT_FACTORS).notice(Notice::TotpAdded).session(renewed);
            }
            Confirmed::Added { renewed, codes: Some(codes) } => {
                return recovery_codes::show_first(&ctx, &me, &codes, (Notice::FirstTotpAdded, renewed));
            }
            Confirmed::Refused(problem) => (Some(problem), None),
            Confirmed::NothingBegun => return ctx.see_other(paths::ACCOUNT_TOTP),
            Confirmed::Full => return ctx.refuse(&BeginPage::new(true)),
        },
    };
    let Some(shown) = service::unconfirmed(&ctx.state, &me).await? else { return ctx.see_other(paths::ACCOUNT_TOTP) };
    let page = EnrolPage::new(&ctx.state.config.site.name, &me.username, &shown);
    ctx.refuse(&page.refused(form.shown("name"), problems))
}
