//! Request the link, then choose a new password.

use super::{
    pages::{AskPage, AskProblem, ResetPage},
    service::{self, Reset},
};
use crate::{
    accounts::Identifier,
    types::{Notice, trimmed},
    web::{Answer, AnswerExt as _, Ctx, Submitted, next_query, paths},
};

/// `GET /recover`.
pub async fn show(ctx: Ctx) -> Answer {
    let (dev_mail, notice) = (ctx.state.mailer.keeps_email_here(), ctx.take_notice());
    ctx.page(&AskPage { dev_mail, notice, ..AskPage::new(ctx.next().as_ref()) })
}

/// `POST /recover`.
pub async fn submit(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    let (typed, next) = (form.get("identifier"), form.next());
    let problem = if trimmed(typed).is_empty() || typed.contains('\0') {
        AskProblem::Missing
    } else {
        match service::request(&ctx.state, ctx.request(), &Identifier::parse(typed), next.as_ref()).await? {
            Ok(browser) => {
                let answer = ctx.see_other(format!("{}{}", paths::RECOVER, next_query(next.as_ref())));
                let answer = answer.notice(Notice::RecoveryMailed);
                // The browser is recognised when it opens the link.
                return match browser {
                    Some(browser) => answer.browser(&browser),
                    None => answer,
                };
            }
            Err(throttled) => AskProblem::Throttled(throttled),
        }
    };
    ctx.refuse(&AskPage { identifier: form.shown("identifier"), problem: Some(problem), ..AskPage::new(next.as_ref()) })
}

/// `GET /recover/reset`.
pub async fn show_reset(ctx: Ctx) -> Answer {
    if let Some(answer) = ctx.carry_link(paths::RECOVER_RESET) {
        return answer;
    }
    match service::open(&ctx.state, ctx.link()).await? {
        Some(user) => ctx.page(&ResetPage { notice: ctx.take_notice(), ..reset_page(&ctx, user.username) }),
        None => link_expired(&ctx).await,
    }
}

fn reset_page(ctx: &Ctx, username: String) -> ResetPage {
    let password_min = ctx.state.config.passwords.policy.min;
    ResetPage { username, password_min, error: None, problem: None, notice: None }
}

/// 410 Gone, with the form that requests another link.
async fn link_expired(ctx: &Ctx) -> Answer {
    let next = service::going(&ctx.state, ctx.request()).await?;
    let page = AskPage { problem: Some(AskProblem::LinkExpired), ..AskPage::new(next.as_ref()) };
    ctx.refuse(&page).without_link(ctx)
}

/// `POST /recover/reset`.
pub async fn reset(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    match service::reset(&ctx.state, ctx.request(), ctx.link(), form.get("password")).await? {
        Reset::Done(next) => {
            let login = format!("{}{}", paths::LOGIN, next_query(next.as_ref()));
            ctx.see_other(login).notice(Notice::PasswordReset).without_link(&ctx)
        }
        Reset::LinkExpired => link_expired(&ctx).await,
        Reset::Refused { username, error } => {
            ctx.refuse(&ResetPage { error: Some(error), ..reset_page(&ctx, username) })
        }
        Reset::Throttled { username, throttled } => {
            ctx.refuse(&ResetPage { problem: Some(throttled), ..reset_page(&ctx, username) })
        }
    }
}
