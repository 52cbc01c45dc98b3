//! Signing out.
//!
//! 1. `GET /logout` shows a button and changes nothing.
//! 2. `POST /logout` revokes the session row, which ends the session on every replica, and deletes the session store's
//!    row.

pub mod pages;
mod service;

pub use service::sign_out;

use self::pages::LogoutPage;
use crate::{
    types::Notice,
    web::{Access, Answer, AnswerExt as _, AppError, Ctx, Slice, Submitted, Writes, paths},
};

/// Signing out.
pub const SLICE: Slice = Slice::new(|r| {
    r.get(paths::LOGOUT, Access::Anyone, show).post(paths::LOGOUT, Access::Anyone, submit).writes(Writes::Cookie)
});

async fn show(ctx: Ctx) -> Answer {
    ctx.page_for_visitor(&LogoutPage { signed_in: ctx.visitor().any_session().is_some() })
}

/// The form of a second tab has lost its session and so its token; the page then says that the visitor is signed out.
async fn submit(ctx: Ctx, form: Result<Submitted, AppError>) -> Answer {
    let session = ctx.visitor().any_session();
    let Submitted(form) = match form {
        Err(AppError::StaleForm) if session.is_none() => return ctx.refuse(&LogoutPage { signed_in: false }),
        form => form?,
    };
    if let Some(session) = session {
        service::sign_out(&ctx.state, ctx.request(), session).await?;
    }
    // Someone who is not the one that an app's page names signs in as another.
    ctx.to_login(form.next().as_ref()).notice(Notice::SignedOut).signed_out()
}
