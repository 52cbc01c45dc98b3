//! The first administrator.
//!
//! 1. A service that starts on an empty database makes a link, and the replica that made it prints it in
//!    its log, once ([`begin`]). An operator can have it replaced from the command line.
//! 2. `GET /setup?token=…` puts the secret into a cookie and shows the form of a sign-up. Opening it
//!    changes nothing.
//! 3. `POST /setup` uses the link up and makes the account of an administrator, in one transaction. Whoever
//!    has the link runs the service, so the address counts as verified, and a taken name or address is
//!    said; then the link still works.
//! 4. The person is signed in.

mod handlers;
pub mod pages;
mod service;

pub use service::{Begun, begin};

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::SETUP, Access::Public, handlers::show).post(paths::SETUP, Access::Anyone, handlers::submit)
}
