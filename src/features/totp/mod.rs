//! Authenticator apps (TOTP, RFC 6238).
//!
//! 1. `POST /account/factors/totp` creates a seed for this session, encrypted at rest, or keeps the session's existing
//!    one; `GET` shows it as a QR code and as text. Each session has its own seed, so nobody can confirm a seed that
//!    someone else has seen. Unconfirmed seeds are deleted after an hour.
//! 2. `POST …/confirm` checks a code of the seed and makes the app a factor of the account. The first second factor
//!    ends every other session, gives this one a new cookie, and leads to recovery codes.
//! 3. `/login/totp` completes a pending sign-in, `/reauth/totp` renews a session ([`crate::signin::code`]). A code
//!    matches the current 30-second step, the one before or the one after, by PostgreSQL's clock. Each code works once,
//!    including the one that confirmed the app, and no older code works after it.
//! 4. `…/rename` and `…/remove` are a page and a form each ([`crate::signin::manage`]).
//! 5. Rotating `VESTIBULE_SECRET` locks nobody out: old keys decrypt seeds, the newest encrypts them, and a job
//!    re-encrypts old ones ([`reseal`]). The service does not start with seeds that it cannot decrypt ([`seeds`]).

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
    signin::{code, manage},
    web::{Access, Slice, Sweep, Turn, Writes, paths, routes::Routes},
};

pub use export::{ExportedApp, export};
pub use service::{Totp, reseal, seeds};

/// What this slice registers.
pub const SLICE: Slice = Slice {
    routes,
    sweeps: &[
        Sweep { name: "totp_factors to re-encrypt", turn: Turn::Start, run: |state| Box::pin(reseal(state)) },
        Sweep {
            name: "totp_factors",
            turn: Turn::Round,
            run: |state| Box::pin(async { store::sweep(&mut *state.db.acquire().await?).await }),
        },
    ],
    emails: &[],
};

/// The kind of factor.
pub const FACTOR: FactorKind = FactorKind {
    code: "totp",
    stands_in: false,
    list: |connection, user_id| Box::pin(store::list(connection, user_id)),
    rename: |connection, user_id, id, label| Box::pin(store::rename(connection, user_id, id, label)),
    remove: |connection, user_id, id| Box::pin(store::remove(connection, user_id, id)),
    delete: |connection, user_id, since| Box::pin(store::delete(connection, user_id, since)),
};

fn routes(routes: Routes) -> Routes {
    let account = Access::account().while_enrolling();
    routes
        .get(paths::LOGIN_TOTP, Access::Anyone, code::show::<Totp>)
        .post(paths::LOGIN_TOTP, Access::Anyone, code::submit::<Totp>)
        .writes(Writes::Cookie)
        .get(paths::REAUTH_TOTP, account, code::show_again::<Totp>)
        .post(paths::REAUTH_TOTP, account, code::submit_again::<Totp>)
        .writes(Writes::Cookie)
        .get(paths::ACCOUNT_TOTP, account.fresh(), handlers::show)
        .post(paths::ACCOUNT_TOTP, account.fresh(), handlers::begin)
        .back(paths::ACCOUNT_TOTP_CONFIRM, account.fresh(), paths::ACCOUNT_TOTP)
        .post(paths::ACCOUNT_TOTP_CONFIRM, account.fresh(), handlers::confirm)
        .writes(Writes::Cookie)
        .get(paths::ACCOUNT_TOTP_RENAME, account.fresh(), manage::show_rename::<Totp>)
        .post(paths::ACCOUNT_TOTP_RENAME, account.fresh(), manage::rename::<Totp>)
        .get(paths::ACCOUNT_TOTP_REMOVE, account.fresh(), manage::show_remove::<Totp>)
        .post(paths::ACCOUNT_TOTP_REMOVE, account.fresh(), manage::remove::<Totp>)
        .writes(Writes::Sessions)
}
