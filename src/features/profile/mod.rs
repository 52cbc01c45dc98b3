//! A user's display name, and the language of their email.
//!
//! 1. `GET /account/profile` shows the form, and next to it the data that is changed elsewhere or never.
//! 2. `POST /account/profile` takes the display name and the language; other fields are ignored.
//! 3. The language is the account's, for email; saving also sets it in this browser, for pages.

mod forms;
mod handlers;
pub mod pages;
mod service;

use crate::web::{Access, Slice, Writes, paths};

/// Display name and language.
pub const SLICE: Slice = Slice::new(|r| {
    r.get(paths::ACCOUNT_PROFILE, Access::account(), handlers::show)
        .post(paths::ACCOUNT_PROFILE, Access::account(), handlers::submit)
        .writes(Writes::Sessions)
});
