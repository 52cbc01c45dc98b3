//! A way back in for somebody who does not know the password.
//!
//! 1. `POST /recover` takes a username or an address and answers everybody alike: what was typed is
//!    written down, and whether there is anything to send is found when the letter is sent.
//! 2. The mailed link, `GET /recover/reset?token=…`, puts its secret into a cookie and shows the form
//!    for a new password. Opening it changes nothing. It works for ten minutes.
//! 3. `POST /recover/reset` uses the link up, sets the password, and ends what anybody else may hold:
//!    every session, every outstanding link, every browser that was known. The owner is told.
//! 4. The address is verified by that, and other accounts that merely claimed it go. Of an account that
//!    was only claimed so far nothing is left but its username: factors that the claimant added go too.
//!
//! No session is given: who knows the new password signs in with it, and with whatever second factor
//! the account has (OWASP Forgot Password Cheat Sheet).

mod handlers;
pub mod pages;
mod service;

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::RECOVER, Access::Anyone, handlers::show)
        .post(paths::RECOVER, Access::Anyone, handlers::ask)
        .get(paths::RECOVER_RESET, Access::Anyone, handlers::show_reset)
        .post(paths::RECOVER_RESET, Access::Anyone, handlers::reset)
}
