//! Addresses that only lead on.

use axum::{http::StatusCode, response::Response};

use crate::web::{Visitor, access::Access, paths, redirect, routes::Routes, see_other};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::HOME, Access::Anyone, home).get(paths::ACCOUNT, Access::Public, account).get(
        paths::CHANGE_PASSWORD,
        Access::Public,
        change_password,
    )
}

async fn home(visitor: Visitor) -> Response {
    see_other(match visitor {
        Visitor::Anonymous => paths::LOGIN,
        Visitor::Unverified(_) => paths::VERIFY,
        Visitor::SignedIn(_) => paths::DASHBOARD,
    })
}

async fn account() -> Response {
    see_other(paths::ACCOUNT_PROFILE)
}

/// W3C "A Well-Known URL for Changing Passwords": 302 to the page that does it.
async fn change_password() -> Response {
    redirect(StatusCode::FOUND, paths::ACCOUNT_PASSWORD)
}
