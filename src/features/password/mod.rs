//! Changes the password of a signed-in user.
//!
//! 1. `GET /account/password` shows the form. A user with a second factor must have used it within the last ten
//!    minutes. An account without a password is redirected to its factors.
//! 2. `POST /account/password` checks the new password, then verifies the current one through `passwords::proof`, with
//!    the same limits as at sign-in. If the form was open for more than ten minutes, it asks for the second factor,
//!    too.
//! 3. The password is replaced only if it is still the one that was verified. In the same transaction outstanding
//!    links are revoked, every other session ends, other browsers are forgotten, this session gets a new cookie,
//!    and the change is audited and emailed to the owner.
//! 4. A user with a redirect target continues there.
//!
//! No session of the old password survives. A concurrent sign-in locks the account's row: either it waits and finds the
//! password replaced, or this waits and ends its session.

mod forms;
mod handlers;
pub mod pages;
mod service;

use std::future::ready;

use self::pages::PasswordChanged;
use crate::{
    passwords::PASSWORD_CHANGED,
    web::{
        Access, Slice, Writes,
        email::{EmailSpec, Render},
        paths,
    },
};

/// Changing the password.
pub const SLICE: Slice = Slice {
    routes: |r| {
        r.get(paths::ACCOUNT_PASSWORD, Access::account(), handlers::show)
            .post(paths::ACCOUNT_PASSWORD, Access::account(), handlers::submit)
            .writes(Writes::Cookie)
    },
    sweeps: &[],
    emails: &[EmailSpec {
        kind: &PASSWORD_CHANGED,
        render: Render::ForUser(|renderer, _, user| {
            let email =
                PasswordChanged { username: user.username.clone(), recover_link: renderer.link(paths::RECOVER) };
            Box::pin(ready(renderer.render(&user, &renderer.email.address, &email)))
        }),
    }],
};
