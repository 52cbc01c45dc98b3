//! How an account is signed in to: everything that proves whose it is, on one page.
//!
//! 1. `GET /account/factors` lists passkeys, authenticator apps, recovery codes and the password, and says
//!    what to do next. It is open to accounts that have to get a second factor before anything else
//!    (`VESTIBULE_REQUIRE_SECOND_FACTOR`), which are sent here from everywhere.
//! 2. Adding one, and what is done to it, belongs to the slices of each kind. What a list of passkeys leads to
//!    is here: `GET …/passkeys/rename` asks for a name, `GET …/passkeys/remove` whether it is really to go.
//! 3. `POST /account/password/remove` makes an account one without a password. That needs two passkeys, or one
//!    and a recovery code: then a lost passkey is not the end. Such an account is recovered like any other: a
//!    mailed link sets a password again, and the second factor is still asked for.

mod handlers;
pub mod pages;
mod passwordless;
mod store;

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ACCOUNT_FACTORS, Access::Session, handlers::show)
        .get(paths::ACCOUNT_PASSKEYS_RENAME, Access::RecentSession, handlers::rename_passkey)
        .get(paths::ACCOUNT_PASSKEYS_REMOVE, Access::RecentSession, handlers::remove_passkey)
        .get(paths::ACCOUNT_PASSWORD_REMOVE, Access::Recent, passwordless::show)
        .post(paths::ACCOUNT_PASSWORD_REMOVE, Access::Recent, passwordless::submit)
}
