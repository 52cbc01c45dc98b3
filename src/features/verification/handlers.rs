//! Wait, verify, request the link again.

use super::{
    forms,
    pages::{ConfirmPage, ConfirmProblem, WaitingPage, WaitingProblem},
    service::{
        self, Confirmed, Opened,
        correction::{self, Corrected},
    },
};
use crate::{
    accounts::Unverified,
    sessions::LiveSession,
    signin::{Entered, SignInAnswer as _},
    types::{Notice, PlainPassword, ReturnTo},
    web::{Answer, AnswerExt as _, AppError, Ctx, Submitted, cookies::Name, paths},
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
            None => link_expired(&ctx).await,
        };
    }
    if ctx.visitor().session().is_some_and(|session| session.email_verified) {
        return ctx.go_on(ctx.next().as_ref());
    }
    ctx.keep_next().await?;
    let held = held(&ctx).await?;
    ctx.page(&WaitingPage { notice: ctx.take_notice(), ..waiting(&ctx, held) })
}

/// The session of an account whose address is not verified.
fn unverified(ctx: &Ctx) -> Option<&LiveSession> {
    ctx.visitor().any_session().filter(|session| !session.email_verified)
}

/// The account that this visitor waits to verify.
async fn held(ctx: &Ctx) -> Result<Option<Unverified>, AppError> {
    correction::unverified(&ctx.state, ctx.request(), unverified(ctx)).await
}

fn waiting(ctx: &Ctx, held: Option<Unverified>) -> WaitingPage {
    let (signed_in, dev_mail) = (unverified(ctx).is_some(), ctx.state.mailer.keeps_email_here());
    WaitingPage { signed_in, dev_mail, ..WaitingPage::of(held) }
}

fn confirm_page(opened: Opened, problem: Option<ConfirmProblem>) -> ConfirmPage {
    let Opened { user, needs_password } = opened;
    ConfirmPage { username: user.username, address: user.email, needs_password, problem }
}

/// 410 Gone, once: the page after that is the plain one again.
async fn link_expired(ctx: &Ctx) -> Answer {
    let page = waiting(ctx, held(ctx).await?);
    ctx.refuse(&WaitingPage { problem: Some(WaitingProblem::LinkExpired), ..page }).without_link(ctx)
}

/// `POST /verify`.
pub async fn confirm(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    let typed = form.get("password");
    let (password, session) = (PlainPassword::presented(typed), ctx.visitor().any_session());
    let (opened, problem) = match service::confirm(&ctx.state, ctx.request(), ctx.link(), session, password).await? {
        Confirmed::Done(entered, next) => return enter(&ctx, entered, next.as_ref()).without_link(&ctx),
        Confirmed::LinkExpired => return link_expired(&ctx).await,
        Confirmed::Refused(opened) if typed.is_empty() => (opened, ConfirmProblem::PasswordMissing),
        Confirmed::Refused(opened) => (opened, ConfirmProblem::PasswordWrong),
        Confirmed::Throttled(opened, throttled) => (opened, ConfirmProblem::Throttled(throttled)),
    };
    ctx.refuse(&confirm_page(opened, Some(problem)))
}

fn enter(ctx: &Ctx, entered: Entered, next: Option<&ReturnTo>) -> Answer {
    match entered {
        Entered::In(opened) => ctx.go_on(next).notice(Notice::EmailVerified).signed_in(opened),
        Entered::Asked { challenge, secret } => ctx.to_challenge(challenge, &secret, next),
        Entered::Refused => ctx.to_login(next).notice(Notice::EmailVerified),
    }
}

/// `POST /verify/resend`.
pub async fn resend(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    let held = held(&ctx).await?;
    let problem = match forms::parse(&form, held.as_ref()) {
        Err(error) => WaitingProblem::Email(error),
        Ok((user_id, address)) => match service::resend(&ctx.state, ctx.request(), user_id, &address).await? {
            Ok(()) => return ctx.see_other(paths::VERIFY).notice(Notice::VerificationMailed),
            Err(throttled) => WaitingProblem::Throttled(throttled),
        },
    };
    ctx.refuse(&WaitingPage { email: form.shown("email"), problem: Some(problem), ..waiting(&ctx, held) })
}

/// `POST /verify/address`. The answer is the same for a taken address.
pub async fn correct(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    // Verified meanwhile, or in another browser: the page that follows says what there is to do.
    let Some(held) = held(&ctx).await? else { return ctx.see_other(paths::VERIFY) };
    let problem = match forms::parse_correction(&form, &held) {
        Err(problem) => problem,
        Ok(_) if held.corrections_left < 1 => WaitingProblem::CorrectionsUsed,
        Ok(email) => match correction::correct(&ctx.state, ctx.request(), held.id, &email).await? {
            // The next page is about this address, not about a link to the one before.
            Corrected::Done => {
                return ctx.see_other(paths::VERIFY).notice(Notice::EmailCorrected).without_cookie(Name::Link);
            }
            Corrected::TooLate => return ctx.see_other(paths::VERIFY),
            Corrected::Throttled(throttled) => WaitingProblem::Throttled(throttled),
        },
    };
    let (correcting, new_email) = (true, form.shown("new_email"));
    ctx.refuse(&WaitingPage { correcting, new_email, problem: Some(problem), ..waiting(&ctx, Some(held)) })
}
