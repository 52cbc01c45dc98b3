//! Codes of authenticator apps (RFC 6238).
//!
//! 1. `POST /account/factors/totp` makes a seed for this session, sealed at rest, or keeps the one that the
//!    session has; `GET` shows it, as a picture and as text. Another session sees another: nobody confirms
//!    a seed that somebody else has seen. What is not confirmed within an hour goes.
//! 2. `POST …/confirm` takes a code of it, and the app is a factor of the account. The first second factor
//!    ends every other session, gives this one another cookie, and leads to recovery codes.
//! 3. `/login/totp` ends a sign-in that waits, `/reauth/totp` renews a session. The try is counted first, in
//!    one bucket for the account; then the code is compared, for this step of thirty seconds, the one before
//!    and the one after, by PostgreSQL's clock; then the step is used up by one guarded statement, together
//!    with what the code opens. So a code works once, also the one that confirmed the app, and none that is
//!    older than one that worked.
//! 4. `…/rename` and `…/remove` are a page and a form each. With the last factor the recovery codes go.
//! 5. A rotation of `VESTIBULE_SECRET` locks nobody out: old keys open, the newest seals, a job seals anew
//!    ([`reseal`]), and no service starts over seeds that it cannot open ([`seeds`]).

mod challenge;
mod codes;
mod enrolment;
mod handlers;
mod keys;
#[doc(hidden)] // for the fuzz targets, a crate of their own
pub mod model;
pub mod pages;
mod qr;
mod service;
mod store;

use crate::web::{access::Access, paths, routes::Routes};

pub use keys::{Seeds, reseal, seeds};
pub use store::{ListedTotp, list, sweep};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::LOGIN_TOTP, Access::Anyone, challenge::show)
        .post(paths::LOGIN_TOTP, Access::Anyone, challenge::submit)
        .get(paths::REAUTH_TOTP, Access::Session, challenge::show_again)
        .post(paths::REAUTH_TOTP, Access::Session, challenge::submit_again)
        .get(paths::ACCOUNT_TOTP, Access::RecentSession, handlers::show)
        .post(paths::ACCOUNT_TOTP, Access::RecentSession, handlers::begin)
        .get(paths::ACCOUNT_TOTP_CONFIRM, Access::RecentSession, handlers::back)
        .post(paths::ACCOUNT_TOTP_CONFIRM, Access::RecentSession, handlers::confirm)
        .get(paths::ACCOUNT_TOTP_RENAME, Access::RecentSession, handlers::show_rename)
        .post(paths::ACCOUNT_TOTP_RENAME, Access::RecentSession, handlers::rename)
        .get(paths::ACCOUNT_TOTP_REMOVE, Access::RecentSession, handlers::show_remove)
        .post(paths::ACCOUNT_TOTP_REMOVE, Access::RecentSession, handlers::remove)
}
