//! Handlers that schedule and cancel a deletion.

use super::{
    pages::{DeletePage, DeleteProblem, KeepPage},
    service,
};
use crate::{
    types::Notice,
    web::{Answer, AnswerExt as _, Ctx, SignedIn, Submitted, paths},
};

/// `GET /account/delete`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let only_admin = service::is_only_administrator(&ctx.state, &me).await?;
    ctx.page(&DeletePage { username: me.username.clone(), only_admin, problem: None })
}

/// `POST /account/delete`.
pub async fn schedule(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let scheduled = match form.get("understood") {
        "yes" => service::schedule(&ctx.state, ctx.request(), &me).await?,
        _ => Err(DeleteProblem::NotUnderstood),
    };
    match scheduled {
        Ok(()) => ctx.see_other(paths::LOGIN).notice(Notice::DeletionScheduled).signed_out(),
        Err(problem) => {
            let only_admin = problem == DeleteProblem::LastAdmin;
            ctx.refuse(&DeletePage { username: me.username.clone(), only_admin, problem: Some(problem) })
        }
    }
}

/// `GET /account/delete/undo`.
pub async fn show_undo(ctx: Ctx) -> Answer {
    if let Some(answer) = ctx.carry_link(paths::ACCOUNT_DELETE_UNDO) {
        return answer;
    }
    match service::open(&ctx.state, ctx.link()).await? {
        Some(username) => ctx.page(&KeepPage { username, link_expired: false }),
        None => link_expired(&ctx),
    }
}

fn link_expired(ctx: &Ctx) -> Answer {
    ctx.refuse(&KeepPage { username: String::new(), link_expired: true }).without_link(ctx)
}

/// `POST /account/delete/undo`.
pub async fn undo(ctx: Ctx, Submitted(_): Submitted) -> Answer {
    if !service::undo(&ctx.state, ctx.request(), ctx.link()).await? {
        return link_expired(&ctx);
    }
    ctx.see_other(paths::LOGIN).notice(Notice::DeletionUndone).without_link(&ctx)
}
