//! The page that changes the password.

use super::{
    forms,
    pages::{CurrentError, PasswordPage},
    service::{self, Outcome},
};
use crate::{
    types::{Notice, ReturnTo},
    web::{Answer, AnswerExt as _, AppError, Ctx, SignedIn, Submitted, paths},
};

/// `GET /account/password`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let Some(account) = service::account(&ctx.state, &me).await? else { return ctx.see_other(paths::ACCOUNT_FACTORS) };
    if account.needs_factor {
        // Nobody types two passwords before they are told.
        return Err(AppError::Reauthenticate { next: Some(ctx.location().clone()) });
    }
    let page = PasswordPage::new(&ctx, &account, ctx.next());
    ctx.page(&PasswordPage { notice: ctx.take_notice(), ..page })
}

/// `POST /account/password`.
pub async fn submit(ctx: Ctx, SignedIn(me): SignedIn, Submitted(fields): Submitted) -> Answer {
    let Some(account) = service::account(&ctx.state, &me).await? else { return ctx.see_other(paths::ACCOUNT_FACTORS) };
    let next = fields.next();
    let page = PasswordPage::new(&ctx, &account, next.clone());
    let passwords = match forms::parse(&ctx.state, &account.user, &fields) {
        Ok(passwords) => passwords,
        Err((current_error, error)) => return ctx.refuse(&PasswordPage { current_error, error, ..page }),
    };
    match service::change(&ctx.state, ctx.request(), &me, &account.user, passwords).await? {
        Outcome::Changed(cookie) => {
            let next = next.as_ref().map_or(paths::ACCOUNT_PASSWORD, ReturnTo::as_str);
            ctx.see_other(next).session(Some(cookie)).notice(Notice::PasswordChanged)
        }
        Outcome::SignedOut => ctx.see_other(paths::LOGIN),
        Outcome::Stale => Err(AppError::Reauthenticate { next: Some(ctx.location().without_query()) }),
        Outcome::Wrong => ctx.refuse(&PasswordPage { current_error: Some(CurrentError::Wrong), ..page }),
        Outcome::Throttled(throttled) => ctx.refuse(&PasswordPage { problem: Some(throttled), ..page }),
    }
}
