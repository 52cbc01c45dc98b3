//! Verifies email addresses.
//!
//! 1. A sign-up redirects to `GET /verify` ("look at your mail"). So does every page, for a user who signs in to an
//!    account whose address is not verified. The link can be requested again.
//! 2. The emailed link, `GET /verify?token=…`, puts its secret into a cookie and shows a button. Opening it changes
//!    nothing.
//! 3. In the browser that signed up, or that is signed in to the account, pressing the button is enough. Any other
//!    browser must also enter the account's password. Otherwise someone could sign up with another person's address and
//!    have them verify it with a careless click (pre-hijacking). The owner of the address sets a new password through
//!    `/recover` instead, which revokes all access of others.
//! 4. A mistyped address can be corrected: in the browser that signed up, for a day, and by a user who is signed in to
//!    the account ([`service::correction`]). That revokes the links to the old address.
//! 5. Verifying uses the link, deletes all other unverified accounts with this address, and signs the user in.
//!
//! The email depends on the state when it is sent. If the address belongs to a verified account by then, its owner gets
//! a warning instead of the link ([`addressee`]).

mod forms;
mod handlers;
pub mod pages;
mod service;

use crate::{
    mail::Kind,
    web::{Access, Slice, Writes, email, paths},
};

pub use service::{addressee, correction::mail_link, render_address_taken};

/// The email to a user who signed up.
pub const SIGN_UP: Kind = Kind::requested("sign-up");
/// The same email, requested again.
pub const VERIFY: Kind = Kind::requested("verify");

/// This slice.
pub const SLICE: Slice = Slice {
    routes: |r| {
        r.get(paths::VERIFY, Access::Anyone, handlers::show)
            .post(paths::VERIFY, Access::Anyone, handlers::confirm)
            .writes(Writes::Cookie)
            .back(paths::VERIFY_ADDRESS, Access::Public, paths::VERIFY)
            .post(paths::VERIFY_ADDRESS, Access::Anyone, handlers::correct)
            .writes(Writes::Sessions)
            .back(paths::VERIFY_RESEND, Access::Public, paths::VERIFY)
            .post(paths::VERIFY_RESEND, Access::Anyone, handlers::resend)
    },
    sweeps: &[],
    emails: &[email::EmailSpec { kind: &SIGN_UP, render: RENDER }, email::EmailSpec { kind: &VERIFY, render: RENDER }],
};

const RENDER: email::Render =
    email::Render::ForUser(|renderer, unit, user| Box::pin(service::render(renderer, unit, user)));
