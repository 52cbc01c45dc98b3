//! Account recovery for a user who does not know the password.
//!
//! 1. `POST /recover` takes a username or an address and responds identically to everyone: it queues what was typed,
//!    and rendering the email decides later whether there is anything to send.
//! 2. The emailed link, `GET /recover/reset?token=…`, puts its secret into a cookie and shows the form for a new
//!    password. Opening it changes nothing. It works for ten minutes.
//! 3. `POST /recover/reset` uses the link, sets the password, and revokes everything that someone else may have: every
//!    session, every outstanding link, every known browser. The owner is notified.
//! 4. It also verifies the address and deletes other unverified accounts with it. An account that was unverified keeps
//!    only its username; the factors that its first holder added are deleted.
//!
//! No session is created: the user signs in with the new password and the account's second factor (OWASP Forgot
//! Password Cheat Sheet).

mod handlers;
pub mod pages;
mod service;

use crate::{
    mail::Kind,
    web::{Access, Slice, Writes, email, paths},
};

/// The email with the link that sets a new password.
pub const RECOVER: Kind = Kind::requested("recover");

/// This slice.
pub const SLICE: Slice = Slice {
    routes: |r| {
        r.get(paths::RECOVER, Access::Anyone, handlers::show)
            .post(paths::RECOVER, Access::Anyone, handlers::submit)
            .get(paths::RECOVER_RESET, Access::Anyone, handlers::show_reset)
            .post(paths::RECOVER_RESET, Access::Anyone, handlers::reset)
            .writes(Writes::Sessions)
    },
    sweeps: &[],
    emails: &[email::EmailSpec {
        kind: &RECOVER,
        render: email::Render::ForUser(|renderer, unit, user| Box::pin(service::render(renderer, unit, user))),
    }],
};
