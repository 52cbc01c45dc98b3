//! Changing the address of an account.
//!
//! 1. `POST /account/email` takes a new address, after a fresh proof. The answer does not reveal who has that address;
//!    what is mailed there, or to its owner, is decided when the email is rendered.
//! 2. The mailed link, `GET /account/email/confirm?token=…`, shows a button. It confirms the address that it was mailed
//!    to and no other (Devise CVE-2026-32700), in a session of the account that requested it.
//! 3. Confirming ends all other sessions and all links that were mailed to the old address. The old address is
//!    notified, and gets a link of its own.
//! 4. That link, `GET /account/email/undo?token=…`, works without signing in: the address may have been changed by
//!    someone who knew the password. Its button gives the address back, ends all sessions, deletes the password and
//!    leads straight on to setting another.
//! 5. Someone who changed the address twice may have such a link, too. Each brings back the address it was mailed to
//!    and closes the way to all that were replaced later ([`store`]), so the oldest has the last word, whenever its
//!    email arrived.
//! 6. An owner who left a mailbox on their own, because others read it, may close the way back to it. Someone who took
//!    the account over may not ([`service::former`]).

mod forms;
mod handlers;
pub mod pages;
mod service;
mod store;

use crate::{
    mail::Kind,
    web::{Access, Slice, Sweep, Turn, Writes, email, paths},
};

pub use service::end_links;
pub use store::{FormerAddress, export};

/// The email to a new address, with the link that confirms it.
pub const CHANGE_EMAIL: Kind = Kind::requested("change-email");
/// The email to the old address, with the link that brings it back.
pub const EMAIL_CHANGED: Kind = Kind::notice("email-changed");

/// This slice.
pub const SLICE: Slice = Slice {
    routes: |r| {
        r.get(paths::ACCOUNT_EMAIL, Access::account().fresh(), handlers::show)
            .post(paths::ACCOUNT_EMAIL, Access::account().fresh(), handlers::submit)
            .back(paths::ACCOUNT_EMAIL_CLOSE, Access::Public, paths::ACCOUNT_EMAIL)
            .post(paths::ACCOUNT_EMAIL_CLOSE, Access::account().fresh(), handlers::close)
            .get(paths::ACCOUNT_EMAIL_CONFIRM, Access::Anyone, handlers::show_confirm)
            .post(paths::ACCOUNT_EMAIL_CONFIRM, Access::Anyone, handlers::confirm)
            .writes(Writes::Sessions)
            .get(paths::ACCOUNT_EMAIL_UNDO, Access::Anyone, handlers::show_undo)
            .post(paths::ACCOUNT_EMAIL_UNDO, Access::Anyone, handlers::undo)
            .writes(Writes::Cookie)
    },
    sweeps: &[Sweep {
        name: "email_replacements",
        turn: Turn::Round,
        run: |state| Box::pin(async move { store::delete_expired(&mut *state.db.acquire().await?).await }),
    }],
    emails: &[
        email::EmailSpec {
            kind: &CHANGE_EMAIL,
            render: email::Render::ForUser(|renderer, unit, user| {
                Box::pin(service::render_change(renderer, unit, user))
            }),
        },
        email::EmailSpec {
            kind: &EMAIL_CHANGED,
            render: email::Render::ForUser(|renderer, unit, user| {
                Box::pin(service::render_changed(renderer, unit, user))
            }),
        },
    ],
};
