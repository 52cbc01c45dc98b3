//! The end of an account.
//!
//! 1. `POST /account/delete` sets the day of its erasure, seven days ahead, for somebody who proved a
//!    moment ago who they are, and signs them out everywhere. Until that day nobody signs in to it.
//! 2. The mailed link, `GET /account/delete/undo?token=…`, shows a button that keeps the account.
//! 3. When the day has come, [`erase_due`] removes the account with everything that names the person, one
//!    account a transaction; replicas share the work. A last letter says that it is done. What stays are
//!    lines of the audit trail, under a number that stands for nobody any more.
//! 4. [`drop_unverified`] removes accounts whose address nobody showed in time.

mod erasure;
mod handlers;
pub mod pages;
mod service;

use crate::web::{access::Access, paths, routes::Routes};

pub use erasure::{drop_unverified, erase_due};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ACCOUNT_DELETE, Access::Recent, handlers::show)
        .post(paths::ACCOUNT_DELETE, Access::Recent, handlers::schedule)
        .get(paths::ACCOUNT_DELETE_UNDO, Access::Anyone, handlers::show_undo)
        .post(paths::ACCOUNT_DELETE_UNDO, Access::Anyone, handlers::undo)
}
