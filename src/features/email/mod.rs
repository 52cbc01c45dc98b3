//! Changing the address of an account.
//!
//! 1. `POST /account/email` takes a new address from somebody who proved a moment ago who they are. The
//!    answer is the same whoever has that address; what is mailed there, or to its owner, is found when
//!    the letter is sent.
//! 2. The mailed link, `GET /account/email/confirm?token=…`, shows a button. It confirms the address that
//!    it was mailed to and no other (Devise CVE-2026-32700), in a session of the account that asked.
//! 3. Confirming ends all other sessions and all links that spoke of the old address. The old address is
//!    told, and gets a link of its own.
//! 4. That link, `GET /account/email/undo?token=…`, works without signing in: whoever changed the address
//!    knew the password. Its button gives the address back, ends all sessions, takes the password away
//!    and leads straight on to setting another.
//! 5. Whoever changed the address twice may hold such a link too. Each brings back the address it was
//!    mailed to and closes the way to all that were given up later ([`store`]), so the oldest has the
//!    last word, whenever its letter arrived.

mod handlers;
pub mod pages;
mod service;
mod store;
mod undo;

use crate::web::{access::Access, paths, routes::Routes};

pub use store::sweep;

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ACCOUNT_EMAIL, Access::Recent, handlers::show)
        .post(paths::ACCOUNT_EMAIL, Access::Recent, handlers::ask)
        .get(paths::ACCOUNT_EMAIL_CONFIRM, Access::Anyone, handlers::show_confirm)
        .post(paths::ACCOUNT_EMAIL_CONFIRM, Access::Anyone, handlers::confirm)
        .get(paths::ACCOUNT_EMAIL_UNDO, Access::Anyone, undo::show)
        .post(paths::ACCOUNT_EMAIL_UNDO, Access::Anyone, undo::submit)
}
