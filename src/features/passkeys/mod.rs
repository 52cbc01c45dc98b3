//! Passkeys (WebAuthn level 3): adding them and authenticating with them.
//!
//! 1. `POST …/options` begins a ceremony and returns the options that the page's script passes to the browser. The
//!    challenge is stored for ten minutes, under a digest of itself and of a secret in this browser's cookie. So each
//!    tab has its own ceremony.
//! 2. The script puts the browser's response into the page's form, and submits it like any other form.
//! 3. The first response spends the ceremony, right or wrong. It counts only for the same purpose, account, and session
//!    or pending sign-in.
//! 4. A passkey is discoverable and verifies its user, so it is enough to sign in and counts as two factors. An account
//!    that may not sign in, an unknown passkey and a forged assertion get the same response.
//! 5. The signature counter of a key that is not synced must increase; otherwise the key was copied, and is refused and
//!    logged.
//! 6. The first factor of an account ends the sessions that were opened without it; removing one ends all others
//!    ([`crate::signin::factor_change`]).

mod export;
mod forms;
mod handlers;
#[doc(hidden)] // for the fuzz targets, a crate of their own
pub mod model;
pub mod pages;
mod service;
mod store;

use crate::{
    accounts::FactorKind,
    signin::manage,
    web::{Access, Slice, Sweep, Turn, Writes, paths, routes::Routes},
};

pub use export::{ExportedPasskey, Unfinished, export, export_ceremonies};
pub use service::Passkeys;

/// What this slice registers.
pub const SLICE: Slice = Slice {
    routes,
    sweeps: &[Sweep {
        name: "webauthn_ceremonies",
        turn: Turn::Round,
        run: |state| Box::pin(async { store::sweep(&mut *state.db.acquire().await?).await }),
    }],
    emails: &[],
};

/// The kind of factor.
pub const FACTOR: FactorKind = FactorKind {
    code: "passkey",
    stands_in: false,
    list: |connection, user_id| Box::pin(store::list(connection, user_id)),
    rename: |connection, user_id, id, label| Box::pin(store::rename(connection, user_id, id, label)),
    remove: |connection, user_id, id| Box::pin(store::remove(connection, user_id, id)),
    delete: |connection, user_id, since| Box::pin(store::delete(connection, user_id, since)),
};

fn routes(routes: Routes) -> Routes {
    let account = Access::account().while_enrolling();
    routes
        .get(paths::LOGIN_PASSKEY, Access::Anyone, handlers::show_sign_in)
        .post(paths::LOGIN_PASSKEY, Access::Anyone, handlers::sign_in)
        .writes(Writes::Cookie)
        .post(paths::LOGIN_PASSKEY_OPTIONS, Access::Public, handlers::sign_in_options)
        .anew()
        .get(paths::REAUTH_PASSKEY, account, handlers::show_again)
        .post(paths::REAUTH_PASSKEY, account, handlers::submit_again)
        .writes(Writes::Cookie)
        .post(paths::REAUTH_PASSKEY_OPTIONS, account, handlers::again_options)
        .anew()
        .get(paths::ACCOUNT_PASSKEYS, account.fresh(), handlers::show)
        .post(paths::ACCOUNT_PASSKEYS, account.fresh(), handlers::add)
        .writes(Writes::Cookie)
        .post(paths::ACCOUNT_PASSKEYS_OPTIONS, account.fresh(), handlers::add_options)
        .anew()
        .get(paths::ACCOUNT_PASSKEYS_RENAME, account.fresh(), manage::show_rename::<Passkeys>)
        .post(paths::ACCOUNT_PASSKEYS_RENAME, account.fresh(), manage::rename::<Passkeys>)
        .get(paths::ACCOUNT_PASSKEYS_REMOVE, account.fresh(), manage::show_remove::<Passkeys>)
        .post(paths::ACCOUNT_PASSKEYS_REMOVE, account.fresh(), manage::remove::<Passkeys>)
        .writes(Writes::Sessions)
}
