//! Reauthenticates a user before anything that could hand the account over.
//!
//! 1. A page with `Access::fresh` redirects here if the last authentication is older than ten minutes.
//! 2. An account with a second factor is redirected to the page that asks for the strongest one.
//! 3. Otherwise the right password renews the session: it gets a new cookie and counts as fresh. Wrong passwords
//!    spend from the same limits as at sign-in.

mod handlers;
pub mod pages;
mod service;

use crate::web::{Access, Slice, Writes, paths};

/// Proving again who you are.
pub const SLICE: Slice = Slice::new(|r| {
    r.get(paths::REAUTH, Access::account().while_enrolling(), handlers::show)
        .post(paths::REAUTH, Access::account().while_enrolling(), handlers::submit)
        .writes(Writes::Cookie)
});
