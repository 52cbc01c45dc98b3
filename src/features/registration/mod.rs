//! Signing up.
//!
//! 1. `GET /register` shows the form; a visitor who is signed in goes on to the dashboard.
//! 2. `POST /register` checks every field and spends a try of the network.
//! 3. The password is hashed before anything is written, whether or not the sign-up succeeds.
//! 4. One statement creates the account and its password. The visitor goes to `/verify` ("look at your mail"), and an
//!    email is queued. A taken *username* is public and is reported.
//!
//! An address can belong to several unverified accounts, so a visitor learns nothing about it, neither here nor by
//! signing in later. Only the email differs: a link that verifies the address, or a warning to the verified account
//! that has it (see the ADR on claimed addresses).

mod forms;
mod handlers;
pub mod pages;
mod service;

pub use forms::{RegisterForm, parse};

use crate::web::{Access, Slice, paths};

/// This slice.
pub const SLICE: Slice = Slice::new(|r| {
    r.get(paths::REGISTER, Access::Anyone, handlers::show).post(paths::REGISTER, Access::Anyone, handlers::submit)
});
