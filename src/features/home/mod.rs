//! Paths that only redirect.

pub mod pages;

use axum::{http::StatusCode, response::Response};

use self::pages::ReturnPage;
use crate::{
    sessions::return_paths,
    types::SecretToken,
    web::{Access, Answer, Ctx, Slice, Visitor, paths, redirect::redirect},
};

/// Redirects, and the page that leads to an app.
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

/// `GET /return?next=<path>` and `GET /return?to=<id>`: redirects to a path, or to the long one stored under the id; to
/// the start page if that has expired. A path of an app is reached through a page that refreshes automatically, because
/// a redirect chain that began with a form must not redirect to another origin ([`Ctx::see_other`]).
async fn return_to(ctx: Ctx) -> Answer {
    let path = match ctx.query("to").as_deref().and_then(SecretToken::parse) {
        Some(id) => return_paths::find(&mut *ctx.state.db.acquire().await?, &id).await?,
        None => ctx.next(),
    };
    let path = path.unwrap_or_default();
    if paths::is_ours(path.as_str()) {
        return ctx.see_other(path.as_str().to_owned());
    }
    ctx.page(&ReturnPage { to: path.as_str().to_owned() })
}
