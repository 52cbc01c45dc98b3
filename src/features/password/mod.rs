//! Changing the password while signed in.
//!
//! 1. `GET /account/password` shows the form. Whoever has a second factor and did not show it within the last
//!    ten minutes shows it first. An account without a password is led to what it has.
//! 2. `POST /account/password` judges the new password, then asks for the present one through
//!    `passwords::proof`: wrong ones spend from the same limits as at sign-in. A form that stood open for longer
//!    than that proof is good for leads to it, too.
//! 3. The password is replaced only if it still is the one that was proven. With it, in one
//!    transaction: outstanding links die, every other session ends, other browsers are forgotten, this
//!    session gets a fresh cookie, the trail has a line and the owner a letter.
//! 4. Whoever was led here on the way elsewhere goes on.
//!
//! No session of the old password survives (F11): a sign-in with it that is under way holds the row of
//! the password, so that either it waits and finds it replaced, or this waits and ends its session.

mod handlers;
pub mod pages;
mod service;

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::ACCOUNT_PASSWORD, Access::SignedIn, handlers::show).post(
        paths::ACCOUNT_PASSWORD,
        Access::SignedIn,
        handlers::submit,
    )
}
