//! Parse, one service call, map the outcome.

use axum::http::StatusCode;
use cookie::time::Duration;

use super::{
    forms,
    pages::{AskPage, LeftPage},
    service::{self, Left},
};
use crate::{
    types::Notice,
    web::{
        Answer, AnswerExt as _, AppError, Ctx, Parameters, Submitted,
        cookies::Name,
        paths,
        redirect::{redirect, see_other},
    },
};

/// How long the language that an app asks for is kept.
const LANGUAGE_KEPT_FOR: Duration = Duration::minutes(10);

/// A request of an app that came by a link or a redirect.
pub async fn leave(ctx: Ctx, parameters: Parameters) -> Answer {
    let (wanted, live) = (forms::wanted(&parameters), ctx.visitor().any_session());
    if let Some(lang) = forms::language(&parameters).filter(|lang| *lang != ctx.lang() && !ctx.chose_language()) {
        // The way back does not name a language, so that a browser without cookies gets there.
        let answer = ctx.answer(see_other(&wanted.path()));
        return answer.cookie(Name::Language, lang.code().to_owned(), Some(LANGUAGE_KEPT_FOR));
    }
    match service::leave(&ctx.state, ctx.request(), live, &wanted).await? {
        Left::Now(Some(onward)) => ctx.answer(redirect(StatusCode::SEE_OTHER, &onward.address())).signed_out(),
        Left::Now(None) => ctx.see_other(paths::LOGIN).notice(Notice::SignedOut).signed_out(),
        Left::Before(onward) => ctx.page(&LeftPage::of(onward.as_ref())),
        Left::Asked(onward) => ctx.page_for_visitor(&AskPage { onward }),
    }
}

/// A request that an app's page sent as a form: from another site, and so without our cookies.
pub async fn bring(ctx: Ctx, parameters: Parameters) -> Answer {
    ctx.answer(see_other(&forms::wanted(&parameters).path()))
}

/// The answer of the person. The page that it leads to finds nobody signed in, and goes on automatically.
pub async fn confirm(ctx: Ctx, form: Result<Submitted, AppError>) -> Answer {
    let live = ctx.visitor().any_session();
    let Submitted(form) = match form {
        Err(AppError::StaleForm) if live.is_none() => return ctx.refuse(&LeftPage::of(None)),
        form => form?,
    };
    let wanted = forms::confirmed(&form);
    if service::confirm(&ctx.state, ctx.request(), live, &wanted).await? {
        return ctx.answer(see_other(&wanted.path())).signed_out();
    }
    ctx.see_other(paths::LOGIN).notice(Notice::SignedOut).signed_out()
}
