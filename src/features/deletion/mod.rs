//! The end of an account.
//!
//! 1. `POST /account/delete` schedules its erasure in seven days, after a fresh proof, and signs the user out
//!    everywhere. Until that day nobody signs in to it.
//! 2. The mailed link, `GET /account/delete/undo?token=…`, shows a button that keeps the account.
//! 3. When the day has come, [`erase_due`] deletes the account with everything that names the person, one account a
//!    transaction; replicas share the work. A last email says that it is done. What stays are rows of the audit log,
//!    under an id that belongs to no account.
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

/// The last email, when the account is gone.
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
