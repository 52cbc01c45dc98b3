//! Lists the apps with access to an account, and removes them.
//!
//! 1. `GET /account/apps` lists what each app may do, since when, and its last sign-in. Apps that the
//!    operator allowed for everyone are listed while they have a live grant.
//! 2. `POST /account/apps/remove` deletes the consent and ends all the user's grants to the app, with their tokens. An
//!    app with neither is answered 404.

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
