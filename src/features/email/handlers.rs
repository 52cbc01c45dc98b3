//! Request, confirm, undo.

use super::{
    forms,
    pages::{ConfirmPage, EmailPage, EmailProblem, LinkProblem, UndoPage},
    service::{self, Confirmed, undo::Undone},
};
use crate::{
    sessions::LiveSession,
    types::Notice,
    web::{Answer, AnswerExt as _, AppError, Ctx, SignedIn, Submitted, paths},
};

/// `GET /account/email`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    ctx.page(&EmailPage { notice: ctx.take_notice(), ..overview(&ctx, &me).await? })
}

/// The page of an account's address before anything was typed.
async fn overview(ctx: &Ctx, me: &LiveSession) -> Result<EmailPage, AppError> {
    let waiting = service::waiting_for(&ctx.state, me.user_id).await?;
    let former = service::former::list(&ctx.state, ctx.request(), me).await?;
    let may_close = former.iter().any(|former| former.closable);
    let former = former.iter().map(|former| former.address().to_owned()).collect();
    Ok(EmailPage { waiting, former, may_close, ..EmailPage::of(&me.email) })
}

/// `POST /account/email/close`.
pub async fn close(ctx: Ctx, SignedIn(me): SignedIn, Submitted(_): Submitted) -> Answer {
    if service::former::close(&ctx.state, ctx.request(), &me).await? {
        return ctx.see_other(paths::ACCOUNT_EMAIL).notice(Notice::EmailUndoClosed);
    }
    ctx.refuse(&EmailPage { problem: Some(EmailProblem::MayNotClose), ..overview(&ctx, &me).await? })
}

/// `POST /account/email`.
pub async fn submit(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let page = overview(&ctx, &me).await?;
    let again = page.waiting.clone().filter(|waiting| form.get("again") == waiting);
    if form.has("again") && again != page.waiting {
        // Another tab has asked for another address meanwhile: the page says for which.
        return ctx.see_other(paths::ACCOUNT_EMAIL);
    }
    let problem = match forms::parse(again.as_deref().unwrap_or(form.get("email")), &me.email) {
        Err(problem) => problem,
        Ok(email) => match service::request(&ctx.state, ctx.request(), &me, &email).await? {
            Ok(()) => return ctx.see_other(paths::ACCOUNT_EMAIL).notice(Notice::EmailChangeMailed),
            Err(throttled) => EmailProblem::Throttled(throttled),
        },
    };
    let email = again.unwrap_or_else(|| form.shown("email"));
    ctx.refuse(&EmailPage { email, problem: Some(problem), ..page })
}

/// `GET /account/email/confirm`.
pub async fn show_confirm(ctx: Ctx) -> Answer {
    if let Some(answer) = ctx.carry_link(paths::ACCOUNT_EMAIL_CONFIRM) {
        return answer;
    }
    match service::open(&ctx.state, ctx.link(), ctx.visitor()).await? {
        Ok((me, link)) => {
            ctx.page(&ConfirmPage { username: me.username.clone(), address: link.address, problem: None })
        }
        Err(problem) => turn_away(&ctx, problem),
    }
}

/// `POST /account/email/confirm`.
pub async fn confirm(ctx: Ctx, Submitted(_): Submitted) -> Answer {
    match service::confirm(&ctx.state, ctx.request(), ctx.link(), ctx.visitor()).await? {
        Confirmed::Done => ctx.see_other(paths::ACCOUNT_EMAIL).notice(Notice::EmailChanged).without_link(&ctx),
        Confirmed::Taken { username, address } => {
            ctx.refuse(&ConfirmPage { username, address, problem: Some(LinkProblem::Taken) })
        }
        Confirmed::TurnedAway(problem) => turn_away(&ctx, problem),
    }
}

/// Refuses a link that does not work, or not in this session. The cookie keeps one that works elsewhere.
fn turn_away(ctx: &Ctx, problem: LinkProblem) -> Answer {
    let page = |username| ConfirmPage { username, address: String::new(), problem: Some(problem) };
    if problem == LinkProblem::LinkExpired {
        return ctx.refuse(&page(String::new())).without_link(ctx);
    }
    ctx.refuse(&page(ctx.visitor().any_session().map(|session| session.username.clone()).unwrap_or_default()))
}

/// `GET /account/email/undo`.
pub async fn show_undo(ctx: Ctx) -> Answer {
    if let Some(answer) = ctx.carry_link(paths::ACCOUNT_EMAIL_UNDO) {
        return answer;
    }
    match service::undo::open(&ctx.state, ctx.link()).await? {
        Some((username, address)) => ctx.page(&UndoPage { username, address, problem: None }),
        None => undo_link_expired(&ctx),
    }
}

fn undo_link_expired(ctx: &Ctx) -> Answer {
    ctx.refuse(&UndoPage { problem: Some(LinkProblem::LinkExpired), ..UndoPage::default() }).without_link(ctx)
}

/// `POST /account/email/undo`.
pub async fn undo(ctx: Ctx, Submitted(_): Submitted) -> Answer {
    match service::undo::undo(&ctx.state, ctx.request(), ctx.link()).await? {
        Undone::Done { user_id, recover, factors_deleted } => {
            let mut answer = ctx.see_other(paths::RECOVER_RESET);
            if factors_deleted {
                answer = answer.notice(Notice::FactorsUndone);
            }
            if ctx.visitor().any_session().is_some_and(|session| session.user_id == user_id) {
                answer = answer.session_ended();
            }
            answer.link(&recover)
        }
        Undone::LinkExpired => undo_link_expired(&ctx),
        Undone::Taken(address) => {
            ctx.refuse(&UndoPage { address, problem: Some(LinkProblem::Taken), ..UndoPage::default() })
        }
    }
}
