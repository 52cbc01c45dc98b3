//! Signing up.
//!
//! 1. `GET /register` shows the form; a visitor who is signed in already goes on.
//! 2. `POST /register` checks every field at once and takes a try from the network's bucket.
//! 3. The password is hashed before anything is written, whoever asks.
//! 4. One statement makes the account and its credential, or notes that the address has one. Both
//!    lead to the same page in the same words and time; a taken *username* is public and is said.

mod forms;
mod handlers;
pub mod pages;
mod service;

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::REGISTER, Access::Anyone, handlers::show).post(paths::REGISTER, Access::Anyone, handlers::submit)
}
