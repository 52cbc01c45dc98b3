//! The sign-in page.

use super::{
    forms,
    pages::{LoginPage, LoginProblem},
    service,
};
use crate::{
    signin::{Entered, SignInAnswer as _},
    types::{Notice, ReturnTo},
    web::{Answer, AnswerExt as _, Ctx, Submitted, paths, with_next},
};

/// `GET /login`.
pub async fn show(ctx: Ctx) -> Answer {
    let next = ctx.next();
    if ctx.visitor().session().is_some() {
        return ctx.go_on(next.as_ref());
    }
    let invitation = service::invitation(&ctx.state, next.as_ref(), ctx.app_cookie()).await?;
    let page = LoginPage::new(&ctx.state.config.site, next.as_ref()).invited(invitation);
    ctx.page(&LoginPage { notice: ctx.take_notice(), ..page })
}

/// `POST /login`. The page that the visitor goes on to leads those on who must verify an address or add a factor.
pub async fn submit(ctx: Ctx, Submitted(fields): Submitted) -> Answer {
    let (page, form) = forms::parse(&ctx.state.config.site, &fields);
    let problem = match form {
        Err(problem) => problem,
        Ok(form) => match service::sign_in(&ctx.state, ctx.request(), &form, ctx.visitor().any_session()).await? {
            Ok(Entered::In(opened)) if form.has_common_password() => {
                let next = form.next.as_ref().map_or(paths::DASHBOARD, ReturnTo::as_str);
                let answer = ctx.see_other(with_next(paths::ACCOUNT_PASSWORD, next));
                return answer.notice(Notice::PasswordCommon).signed_in(opened);
            }
            Ok(Entered::In(opened)) => return ctx.go_on(form.next.as_ref()).signed_in(opened),
            Ok(Entered::Asked { challenge, secret }) => {
                return ctx.to_challenge(challenge, &secret, form.next.as_ref());
            }
            Ok(Entered::Refused) => LoginProblem::Refused,
            Err(problem) => problem,
        },
    };
    let invitation = service::invitation(&ctx.state, fields.next().as_ref(), ctx.app_cookie()).await?;
    ctx.refuse(&LoginPage { problem: Some(problem), ..page.invited(invitation) })
}
