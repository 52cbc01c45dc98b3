//! Everything that is stored about a user, for that user (GDPR articles 15 and 20).
//!
//! 1. `GET /account/data` says what it is.
//! 2. `POST /account/data` requires a fresh proof, then answers with one JSON document to keep: the account, its former
//!    addresses, groups, sessions and known browsers, the names and dates of its factors, its outstanding links and email, and
//!    its audit log. Digests of secrets are left out: they say nothing.
//! 3. Each list is limited, and the document says when one was cut. The download itself is recorded in the audit log.

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
