//! The list of sessions and its forms.

use uuid::Uuid;

use super::{
    pages::{BrowserRow, SessionsPage},
    service,
};
use crate::{
    types::{Notice, SessionId},
    web::{Answer, AnswerExt as _, AppError, Ctx, SignedIn, Submitted, paths, session_rows},
};

/// `GET /account/sessions`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let (sessions, browsers) = service::list(&ctx.state, ctx.request(), &me).await?;
    ctx.page(&SessionsPage {
        sessions: session_rows(&ctx, &me, &sessions),
        browsers: browsers.iter().map(|browser| BrowserRow::new(&ctx, browser)).collect(),
        notice: ctx.take_notice(),
    })
}

/// `POST /account/sessions/end`.
pub async fn end(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let id = SessionId::parse(form.get("session")).ok_or(AppError::NotFound)?;
    service::end(&ctx.state, ctx.request(), &me, id).await?;
    if id == me.id {
        return ctx.see_other(paths::LOGIN).notice(Notice::SignedOut).signed_out();
    }
    ctx.see_other(paths::ACCOUNT_SESSIONS).notice(Notice::SessionEnded)
}

/// `POST /account/sessions/end-others`.
pub async fn end_others(ctx: Ctx, SignedIn(me): SignedIn, Submitted(_): Submitted) -> Answer {
    service::end_others(&ctx.state, ctx.request(), &me).await?;
    ctx.see_other(paths::ACCOUNT_SESSIONS).notice(Notice::OtherSessionsEnded)
}

/// `POST /account/browsers/forget`.
pub async fn forget_browser(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let id = Uuid::try_parse(form.get("browser")).map_err(|_| AppError::NotFound)?;
    service::forget_browser(&ctx.state, ctx.request(), &me, id).await?;
    ctx.see_other(paths::ACCOUNT_SESSIONS).notice(Notice::BrowserForgotten)
}
