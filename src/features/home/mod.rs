//! Paths that only redirect.

use axum::{http::StatusCode, response::Response};

use crate::{
    sessions::return_paths,
    types::SecretToken,
    web::{Access, Answer, Ctx, Slice, Visitor, paths, redirect::redirect},
};

/// Redirects.
pub const SLICE: Slice = Slice::new(|r| {
    r.get(paths::HOME, Access::Anyone, home)
        .back(paths::ACCOUNT, Access::Public, paths::ACCOUNT_PROFILE)
        .get(paths::CHANGE_PASSWORD, Access::Public, change_password)
        .get(return_paths::ROUTE, Access::Public, return_to)
});

async fn home(ctx: Ctx) -> Answer {
    ctx.see_other(match ctx.visitor() {
        Visitor::Anonymous => paths::LOGIN,
        Visitor::Unverified(_) => paths::VERIFY,
        Visitor::SignedIn(_) => paths::DASHBOARD,
    })
}

/// W3C "A Well-Known URL for Changing Passwords": 302 to the page that changes it.
async fn change_password() -> Response {
    redirect(StatusCode::FOUND, paths::ACCOUNT_PASSWORD)
}

/// `GET /return?to=<id>`: to the long path that was stored under the id; home when it has expired.
async fn return_to(ctx: Ctx) -> Answer {
    let path = match ctx.query("to").as_deref().and_then(SecretToken::parse) {
        Some(id) => return_paths::find(&mut *ctx.state.db.acquire().await?, &id).await?,
        None => None,
    };
    ctx.see_other(path.unwrap_or_default().as_str().to_owned())
}
