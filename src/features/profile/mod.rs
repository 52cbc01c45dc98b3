//! What a person is called, and the language they are written to in.
//!
//! 1. `GET /account/profile` shows the form, and beside it what is changed elsewhere or never.
//! 2. `POST /account/profile` takes two fields, the display name and the language, and no other: what
//!    else a form brings is ignored.
//! 3. The language is the account's, for mails; saving also gives it to this browser, for the pages.

mod handlers;
pub mod pages;
mod service;

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::ACCOUNT_PROFILE, Access::SignedIn, handlers::show).post(
        paths::ACCOUNT_PROFILE,
        Access::SignedIn,
        handlers::submit,
    )
}
