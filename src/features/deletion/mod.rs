//! Deletes accounts.
//!
//! 1. `POST /account/delete` requires recent authentication, schedules the erasure in seven days, and signs the user
//!    out everywhere. Until then, nobody can sign in to the account.
//! 2. The emailed link, `GET /account/delete/undo?token=…`, shows a button that keeps the account.
//! 3. When the erasure is due, [`erase_due`] deletes the account with all personal data, one account per transaction;
//!    replicas share the work. A last email confirms it. Only rows of the audit log remain, under an id that belongs to
//!    no account.
//! 4. [`drop_unverified`] deletes accounts whose address was not verified in time.

mod handlers;
pub mod pages;
mod service;

use crate::{
    accounts::DELETION_SCHEDULED,
    mail::Kind,
    web::{
        Access, Slice, Sweep, Turn, Writes,
        email::{EmailSpec, Render},
        paths,
    },
};

pub use service::{drop_unverified, erase_due, render_scheduled};

/// The last email, sent when the account is erased.
pub const ERASED: Kind = Kind::notice("erased");

/// The sweep that erases accounts, which the log names.
pub const ERASED_ACCOUNTS: &str = "erased accounts";

/// This slice.
pub const SLICE: Slice = Slice {
    routes: |r| {
        r.get(paths::ACCOUNT_DELETE, Access::account().fresh(), handlers::show)
            .post(paths::ACCOUNT_DELETE, Access::account().fresh(), handlers::schedule)
            .writes(Writes::Cookie)
            .get(paths::ACCOUNT_DELETE_UNDO, Access::Anyone, handlers::show_undo)
            .post(paths::ACCOUNT_DELETE_UNDO, Access::Anyone, handlers::undo)
            .writes(Writes::Sessions)
    },
    sweeps: &[
        Sweep { name: "unverified accounts", turn: Turn::Last, run: |state| Box::pin(drop_unverified(&state.db)) },
        Sweep {
            name: ERASED_ACCOUNTS,
            turn: Turn::Last,
            run: |state| Box::pin(async move { erase_due(&state.system()).await }),
        },
    ],
    emails: &[
        EmailSpec {
            kind: &DELETION_SCHEDULED,
            render: Render::ForUser(|r, unit, user| Box::pin(render_scheduled(r, unit, user))),
        },
        EmailSpec { kind: &ERASED, render: Render::Plain(service::render_erased) },
    ],
};
