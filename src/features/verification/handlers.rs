//! Wait, verify, request the link again.

use super::{
    forms,
    pages::{ConfirmPage, ConfirmProblem, WaitingPage, WaitingProblem},
    service::{self, Confirmed, Opened},
};
use crate::{
    sessions::LiveSession,
    signin::{Entered, SignInAnswer as _},
    types::{Notice, PlainPassword, ReturnTo},
    web::{Answer, AnswerExt as _, Ctx, Submitted, next_query, paths},
};

/// `GET /verify`.
pub async fn show(ctx: Ctx) -> Answer {
    if let Some(answer) = ctx.carry_link(paths::VERIFY) {
        return answer;
    }
    if ctx.link().is_some() {
        let session = ctx.visitor().any_session();
        return match service::open(&ctx.state, ctx.request(), ctx.link(), session).await? {
            Some(opened) => ctx.page(&confirm_page(opened, None)),
            None => link_expired(&ctx),
        };
    }
    if ctx.visitor().session().is_some_and(|session| session.email_verified) {
        return ctx.see_other(paths::DASHBOARD);
    }
    ctx.page(&WaitingPage { notice: ctx.take_notice(), ..waiting(&ctx) })
}

/// The session of an account whose address is not verified.
fn unverified(ctx: &Ctx) -> Option<&LiveSession> {
    ctx.visitor().any_session().filter(|session| !session.email_verified)
}

fn waiting(ctx: &Ctx) -> WaitingPage {
    let address = unverified(ctx).map(|session| session.email.clone());
    WaitingPage { address, dev_mail: ctx.state.mailer.keeps_email_here(), ..WaitingPage::default() }
}

fn confirm_page(opened: Opened, problem: Option<ConfirmProblem>) -> ConfirmPage {
    let Opened { user, needs_password } = opened;
    ConfirmPage { username: user.username, address: user.email, needs_password, problem }
}

/// 410 Gone, once: the page after that is the plain one again.
fn link_expired(ctx: &Ctx) -> Answer {
    ctx.refuse(&WaitingPage { problem: Some(WaitingProblem::LinkExpired), ..waiting(ctx) }).without_link(ctx)
}

/// `POST /verify`.
pub async fn confirm(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    let typed = form.get("password");
    let (password, session) = (PlainPassword::presented(typed), ctx.visitor().any_session());
    let (opened, problem) = match service::confirm(&ctx.state, ctx.request(), ctx.link(), session, password).await? {
        Confirmed::Done(entered, next) => return enter(&ctx, entered, next.as_ref()).without_link(&ctx),
        Confirmed::LinkExpired => return link_expired(&ctx),
        Confirmed::Refused(opened) if typed.is_empty() => (opened, ConfirmProblem::PasswordMissing),
        Confirmed::Refused(opened) => (opened, ConfirmProblem::PasswordWrong),
        Confirmed::Throttled(opened, throttled) => (opened, ConfirmProblem::Throttled(throttled)),
    };
    ctx.refuse(&confirm_page(opened, Some(problem)))
}

fn enter(ctx: &Ctx, entered: Entered, next: Option<&ReturnTo>) -> Answer {
    match entered {
        Entered::In(opened) => ctx.go_on(next).notice(Notice::EmailVerified).signed_in(opened),
        Entered::Asked { challenge, secret } => ctx.to_challenge(challenge, &secret),
        Entered::Refused => {
            ctx.see_other(format!("{}{}", paths::LOGIN, next_query(next))).notice(Notice::EmailVerified)
        }
    }
}

/// `POST /verify/resend`.
pub async fn resend(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    let problem = match forms::parse(&form, unverified(&ctx)) {
        Err(error) => WaitingProblem::Email(error),
        Ok((user_id, address)) => match service::resend(&ctx.state, ctx.request(), user_id, &address).await? {
            Ok(()) => return ctx.see_other(paths::VERIFY).notice(Notice::VerificationMailed),
            Err(throttled) => WaitingProblem::Throttled(throttled),
        },
    };
    ctx.refuse(&WaitingPage { email: form.shown("email"), problem: Some(problem), ..waiting(&ctx) })
}
