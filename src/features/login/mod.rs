//! Signing in with a password.
//!
//! 1. `GET /login` shows the form; a visitor who is signed in already goes on.
//! 2. `POST /login` takes a place at the hasher first: a service that is too busy says so before it
//!    asks the database anything.
//! 3. The identifier is looked up, and one try is taken from the network's bucket and from the
//!    account's, or from that of a browser the account knows.
//! 4. The password is compared, with a dummy hash when there is none, so that an unknown account, a
//!    closed one and a wrong password cost the same and are answered in the same words.
//! 5. A success opens a session under a fresh identifier, ends the one the browser had, gives back
//!    what it spent, knows the browser from now on, and upgrades a hash of an older cost.
//! 6. A password that has come onto the list of common ones meanwhile leads to the page that changes it,
//!    and from there on.

mod forms;
mod handlers;
pub mod pages;
mod service;

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::LOGIN, Access::Anyone, handlers::show).post(paths::LOGIN, Access::Anyone, handlers::submit)
}
