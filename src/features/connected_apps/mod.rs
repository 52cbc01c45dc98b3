//! Apps that you have allowed something, and how to take that back.
//!
//! 1. `GET /account/apps` lists them: what each may do, since when, and when you last signed in to it.
//!    Apps that the operator allowed for everyone are listed while you are signed in to them.
//! 2. `POST /account/apps/remove` forgets the consent and ends every grant of yours to the app, with its tokens. Another
//!    app, or one that has neither, is answered 404.

mod handlers;
pub mod pages;
mod service;

use crate::web::{Access, Slice, Writes, paths};

/// Connected apps.
pub const SLICE: Slice = Slice::new(|r| {
    r.get(paths::ACCOUNT_APPS, Access::account(), handlers::show)
        .back(paths::ACCOUNT_APPS_REMOVE, Access::account(), paths::ACCOUNT_APPS)
        .post(paths::ACCOUNT_APPS_REMOVE, Access::account(), handlers::remove)
        .writes(Writes::Sessions)
});
