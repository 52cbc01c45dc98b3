//! Changes the address of an account.
//!
//! 1. `POST /account/email` requires recent authentication and takes a new address. The response does not reveal
//!    whether the address has an account; rendering the email decides later what to send, and to whom.
//! 2. The emailed link, `GET /account/email/confirm?token=…`, shows a button. It confirms only the address it was sent
//!    to (Devise CVE-2026-32700), in a session of the account that requested it.
//! 3. Confirming ends all other sessions and revokes all links that were sent to the old address. The old address is
//!    notified and gets an undo link.
//! 4. The undo link, `GET /account/email/undo?token=…`, works without signing in, because the address may have been
//!    changed by someone who knew the password. Its button restores the address, ends all sessions, deletes the
//!    password and leads straight to setting another.
//! 5. Someone who changed the address twice may have an undo link, too. Each link restores the address it was sent to
//!    and invalidates the undo links of later changes ([`store`]). So the oldest address wins, whenever its email
//!    arrived.
//! 6. An owner who abandoned a mailbox because others read it may end its undo. Someone who took the account over may
//!    not ([`service::former`]).

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
/// The email to the old address, with the undo link.
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
