//! Exports all data stored about a user (GDPR articles 15 and 20).
//!
//! 1. `GET /account/data` explains the export.
//! 2. `POST /account/data` requires recent authentication and returns one JSON document: the account, its former
//!    addresses, groups, sessions and known browsers, the names and dates of its factors, its outstanding links and email, and
//!    its audit log. It omits digests of secrets, which carry no information.
//! 3. Each list is limited, and the document says if one was truncated. The download is recorded in the audit log.

mod handlers;
mod model;
pub mod pages;
mod service;
mod store;

use crate::web::{Access, Slice, paths};

pub use model::LISTED_MAX;
pub use store::KEPT_ABOUT_A_PERSON;

/// This slice.
pub const SLICE: Slice = Slice::new(|r| {
    r.get(paths::ACCOUNT_DATA, Access::account(), handlers::show)
        .post(paths::ACCOUNT_DATA, Access::account().fresh(), handlers::download)
        // All that is known of a person is in no other table.
        .anew()
});
