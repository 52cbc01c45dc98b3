//! The profile page.

use super::{forms, pages::ProfilePage, service};
use crate::{
    types::{Lang, Notice},
    web::{Answer, AnswerExt as _, AppError, Ctx, SignedIn, Submitted, paths},
};

/// `GET /account/profile`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    ctx.page(&ProfilePage { notice: ctx.take_notice(), ..ProfilePage::new(&me) })
}

/// `POST /account/profile`.
pub async fn submit(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let language = match form.get("language") {
        "" => None,
        code => Some(Lang::from_code(code).ok_or(AppError::BadRequest("an unknown language"))?),
    };
    let page = ProfilePage { display_name: form.shown("display_name"), language, ..ProfilePage::new(&me) };
    let display_name = match forms::parse(&form, &me, &ctx.state.config.site.name) {
        Ok(display_name) => display_name,
        Err(error) => return ctx.refuse(&ProfilePage { error: Some(error), ..page }),
    };
    match service::save(&ctx.state, ctx.request(), &me, display_name.as_ref(), language).await? {
        Ok(()) => ctx.see_other(paths::ACCOUNT_PROFILE).notice(Notice::ProfileSaved).language(language),
        Err(throttled) => ctx.refuse(&ProfilePage { problem: Some(throttled), ..page }),
    }
}
