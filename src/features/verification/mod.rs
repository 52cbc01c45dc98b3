//! Verifying an e-mail address.
//!
//! 1. A sign-up leads to `GET /verify`: look at your mail. So does every page, for somebody who signs
//!    in to an account whose address is not verified. The link can be asked for again.
//! 2. The mailed link, `GET /verify?token=…`, puts its secret into a cookie and shows a button.
//!    Opening it changes nothing.
//! 3. In the browser that signed up, or that is signed in to the account, the button confirms. In any
//!    other the account's password is asked for: who signed up with somebody else's address must not
//!    have them confirm it by a careless click (pre-hijacking). The owner of the address sets a new
//!    password through `/recover` instead, which ends whatever the other held.
//! 4. Confirming uses the link up, verifies the address, removes all other accounts that merely
//!    claimed it, and signs the person in.

mod handlers;
pub mod pages;
mod service;

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::VERIFY, Access::Anyone, handlers::show)
        .post(paths::VERIFY, Access::Anyone, handlers::confirm)
        .get(paths::VERIFY_RESEND, Access::Public, handlers::back)
        .post(paths::VERIFY_RESEND, Access::Anyone, handlers::resend)
}
