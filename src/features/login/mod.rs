//! Signs in with a password.
//!
//! 1. `GET /login` shows the form; a signed-in visitor is redirected to the target.
//! 2. `POST /login` reserves a slot in the hashing pool. If none is free, it returns 503 before any database query.
//! 3. The account is looked up, and tokens are spent: one of the network's bucket, and one of the account's or a known
//!    browser's.
//! 4. The password is compared; for an unknown account, with a dummy hash. So an unknown account, a disabled one and
//!    a wrong password take the same time and get the same response.
//! 5. A success creates a session with a new cookie, replacing the browser's old session, and refunds the tokens. The
//!    browser becomes known, and the password is rehashed if its hash has an outdated cost.
//! 6. A password that is on the blocklist by now leads to the page that changes it, and from there to the target.

mod forms;
mod handlers;
pub mod pages;
mod service;

use std::future::ready;

use self::pages::{NewBrowser, SecondFactorFailed, SignInAfterFailures};
use crate::{
    signin::{NEW_BROWSER, SIGN_IN_AFTER_FAILURES, challenge::SECOND_FACTOR_FAILED},
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
                let email = SignInAfterFailures { username: user.username.clone(), failures, password_link };
                Box::pin(ready(renderer.render(&user, &renderer.email.address, &email)))
            }),
        },
        EmailSpec {
            kind: &NEW_BROWSER,
            render: Render::ForUser(|renderer, _, user| {
                let sessions_link = renderer.link(paths::ACCOUNT_SESSIONS);
                let email = NewBrowser { username: user.username.clone(), sessions_link };
                Box::pin(ready(renderer.render(&user, &renderer.email.address, &email)))
            }),
        },
        EmailSpec {
            kind: &SECOND_FACTOR_FAILED,
            render: Render::ForUser(|renderer, _, user| {
                let password_link = renderer.link(paths::ACCOUNT_PASSWORD);
                let email = SecondFactorFailed { username: user.username.clone(), password_link };
                Box::pin(ready(renderer.render(&user, &renderer.email.address, &email)))
            }),
        },
    ],
};
