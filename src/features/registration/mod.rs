//! Signing up.
//!
//! 1. `GET /register` shows the form; a visitor who is signed in already goes on.
//! 2. `POST /register` checks every field at once and takes a try from the network's bucket.
//! 3. The password is hashed before anything is written, whoever asks.
//! 4. One statement makes the account and its credential. It leads to `/verify` ("look at your mail")
//!    and to a letter. A taken *username* is public and is said.
//!
//! The account merely claims its address, whoever's that is, so the visitor learns nothing: neither
//! here nor by signing in afterwards. Only the letter differs: a link to whoever has the mailbox, or,
//! where that address is an account's already, word to its owner (see the ADR on claimed addresses).

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
