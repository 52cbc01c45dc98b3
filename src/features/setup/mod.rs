//! Creates the first administrator.
//!
//! 1. A service that starts on an empty database creates a link, and logs it once, on the replica that created it
//!    ([`begin`]). An operator can replace it from the command line.
//! 2. `GET /setup?token=…` puts the secret into a cookie and shows a sign-up form. Opening it changes nothing.
//! 3. `POST /setup` uses the link and creates the administrator's account, in one transaction. Only the operator has
//!    the link, so the address counts as verified. A taken name or address is reported, and the link then still works.
//! 4. The administrator is signed in.

mod handlers;
pub mod pages;
mod service;

pub use service::{Begun, begin};

use crate::web::{Access, Slice, Writes, paths};

/// This slice.
pub const SLICE: Slice = Slice::new(|r| {
    r.get(paths::SETUP, Access::Public, handlers::show)
        .post(paths::SETUP, Access::Anyone, handlers::submit)
        .writes(Writes::Cookie)
});
