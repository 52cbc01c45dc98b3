//! Signing in with a password.
//!
//! 1. `GET /login` shows the form; a visitor who is signed in goes on.
//! 2. `POST /login` reserves a place at the hasher: a service that is too busy says so before it asks the database.
//! 3. The account is looked up, and one try is spent: the network's, and the account's or that of a known browser.
//! 4. The password is compared, for an unknown account with a dummy hash. So an unknown account, a disabled one and
//!    a wrong password cost the same and get the same answer.
//! 5. A success opens a session under a new cookie in place of the browser's old one, refunds what it spent,
//!    remembers the browser, and hashes the password again if its hash has an older cost.
//! 6. A password that has become common since it was set leads to the page that changes it, and from there on.

mod forms;
mod handlers;
pub mod pages;
mod service;

use std::future::ready;

use self::pages::{SecondFactorFailed, SignInAfterFailures};
use crate::{
    signin::{SIGN_IN_AFTER_FAILURES, challenge::SECOND_FACTOR_FAILED},
    web::{
        Access, Slice, Writes,
        email::{EmailSpec, Render},
        paths,
    },
};

/// Signing in with a password.
pub const SLICE: Slice = Slice {
    routes: |r| {
        r.get(paths::LOGIN, Access::Anyone, handlers::show)
            .post(paths::LOGIN, Access::Anyone, handlers::submit)
            .writes(Writes::Cookie)
    },
    sweeps: &[],
    emails: &[
        EmailSpec {
            kind: &SIGN_IN_AFTER_FAILURES,
            render: Render::ForUser(|renderer, _, user| {
                let password_link = renderer.link(paths::ACCOUNT_PASSWORD);
                let failures = renderer.email.number("failures").unwrap_or(1);
                let email = SignInAfterFailures { username: user.username, failures, password_link };
                Box::pin(ready(renderer.render(&renderer.email.address, &email)))
            }),
        },
        EmailSpec {
            kind: &SECOND_FACTOR_FAILED,
            render: Render::ForUser(|renderer, _, user| {
                let password_link = renderer.link(paths::ACCOUNT_PASSWORD);
                let email = SecondFactorFailed { username: user.username, password_link };
                Box::pin(ready(renderer.render(&renderer.email.address, &email)))
            }),
        },
    ],
};
