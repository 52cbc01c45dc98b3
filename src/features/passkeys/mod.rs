//! Passkeys (WebAuthn level 3): adding them, and proving with one who you are.
//!
//! 1. `POST …/options` begins a ceremony. The answer is what the page's script hands to the browser; the
//!    challenge waits in the database, for ten minutes, under the digest of a cookie of this browser.
//! 2. The script puts what the browser answers into the page's form, and sends that like any other form.
//! 3. A ceremony is used up by the first answer, right or wrong, and only for what it was begun for: the
//!    same purpose, account, and session or pending sign-in.
//! 4. A passkey is discoverable and makes sure of its owner itself, so it signs in alone, as two factors.
//!    Who may not sign in, an unknown passkey and a forged answer are answered in the same words.
//! 5. The counter of a key that exists once only goes up; one that does not is refused and logged.
//! 6. The first factor of an account ends the sessions that were opened without it; a factor that goes ends
//!    all others.

#[doc(hidden)] // for the fuzz targets, a crate of their own
pub mod answer;
pub mod ceremonies;
mod ceremony;
mod enrol;
mod login;
pub mod pages;
mod reauth;
mod relying_party;
mod settings;
mod store;

pub use relying_party::relying_party;

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::LOGIN_PASSKEY, Access::Anyone, login::show)
        .post(paths::LOGIN_PASSKEY, Access::Anyone, login::submit)
        .post(paths::LOGIN_PASSKEY_OPTIONS, Access::Public, login::options)
        .get(paths::REAUTH_PASSKEY, Access::Session, reauth::show)
        .post(paths::REAUTH_PASSKEY, Access::Session, reauth::submit)
        .post(paths::REAUTH_PASSKEY_OPTIONS, Access::Session, reauth::options)
        .get(paths::ACCOUNT_PASSKEYS, Access::RecentSession, settings::show)
        .post(paths::ACCOUNT_PASSKEYS, Access::RecentSession, settings::add)
        .post(paths::ACCOUNT_PASSKEYS_OPTIONS, Access::RecentSession, settings::options)
        .post(paths::ACCOUNT_PASSKEYS_RENAME, Access::RecentSession, settings::rename)
        .post(paths::ACCOUNT_PASSKEYS_REMOVE, Access::RecentSession, settings::remove)
}
