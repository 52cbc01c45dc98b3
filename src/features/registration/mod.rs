//! Signs up visitors.
//!
//! 1. `GET /register` shows the form; a signed-in visitor is redirected to the dashboard.
//! 2. `POST /register` checks every field and spends a token of the network.
//! 3. The password is hashed before anything is written, whether or not the sign-up succeeds.
//! 4. One statement creates the account and its password. An email is queued, and the visitor is redirected to
//!    `/verify` ("look at your mail"). Usernames are public, so a taken one is reported.
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
