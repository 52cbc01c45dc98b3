//! Shows the form and takes it.

use super::{
    forms,
    pages::{RegisterErrors, RegisterPage, UsernameError},
    service::{self, SignUp},
};
use crate::{
    accounts::Role,
    types::Notice,
    web::{Answer, AnswerExt as _, Ctx, Submitted, cookies::Name, paths},
};

/// `GET /register`.
pub async fn show(ctx: Ctx) -> Answer {
    if ctx.visitor().session().is_some() {
        return ctx.go_on(ctx.next().as_ref());
    }
    ctx.page(&RegisterPage::blank(&ctx.state.config, ctx.next().as_ref()))
}

/// `POST /register`.
pub async fn submit(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    let (page, form) = forms::parse(&form, &ctx.state.config, Role::Member);
    let form = match form {
        Ok(form) => form,
        Err(errors) => return ctx.refuse(&RegisterPage { errors, ..page }),
    };
    match service::sign_up(&ctx.state, ctx.request(), &form).await? {
        // The next page is about this sign-up, not about a link that was opened before.
        SignUp::Created(browser) => {
            ctx.see_other(paths::VERIFY).notice(Notice::Registered).browser(&browser).without_cookie(Name::Link)
        }
        SignUp::UsernameTaken => {
            ctx.refuse(&RegisterPage { errors: RegisterErrors::username(UsernameError::Taken), ..page })
        }
        SignUp::Throttled(throttled) => ctx.refuse(&RegisterPage { problem: Some(throttled), ..page }),
    }
}
