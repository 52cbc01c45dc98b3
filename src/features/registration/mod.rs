//! Signing up.
//!
//! 1. `GET /register` shows the form; a visitor who is signed in already goes on.
//! 2. `POST /register` checks every field at once and takes a try from the network's bucket.
//! 3. The password is hashed before anything is written, whoever asks.
//! 4. One statement makes the account and its credential, or notes that the address has one. Both
//!    lead to `/verify` ("look at your mail") in the same words and time, and to a letter: a link, or
//!    word to the owner of the address. A taken *username* is public and is said.
//!
//! An address is an account's alone only once it is verified, so whoever signs up with somebody's
//! address takes nothing from them (see the ADR on claimed addresses).

mod forms;
mod handlers;
pub mod pages;
mod service;

pub use forms::{RegisterForm, parse};

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::REGISTER, Access::Anyone, handlers::show).post(paths::REGISTER, Access::Anyone, handlers::submit)
}
