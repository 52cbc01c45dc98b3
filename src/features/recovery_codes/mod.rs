//! Recovery codes: single-use codes to write down, in case no other factor is available.
//!
//! 1. `POST /account/factors/recovery-codes` creates ten codes, replacing earlier ones. Its page is the only one that
//!    shows them, because the database stores digests. An account without a second factor has no codes. Adding the
//!    first second factor creates codes and shows the same page.
//! 2. The page asks the user to confirm that the codes are saved, or to continue without that. Until confirmed, the
//!    account's pages show a reminder.
//! 3. A form on that page posts the codes to `…/file`, which returns them as a text file, so that saving works without
//!    a script. Anything but ten codes is refused.
//! 4. `/login/recovery-code` completes a pending sign-in, `/reauth/recovery-code` renews a session
//!    ([`crate::signin::code`]). Each code works once.
//! 5. The owner is emailed when codes are created or used, and how many are left.

mod export;
mod handlers;
#[doc(hidden)] // for the fuzz targets, a crate of their own
pub mod model;
pub mod pages;
mod service;
mod store;

use crate::{
    accounts::FactorKind,
    signin::code,
    web::{Access, Slice, Writes, paths, routes::Routes},
};

pub use export::{ExportedCode, export};
pub use handlers::show_first;
pub use model::RecoveryCode;
pub use service::{RecoveryCodes, create_first};

/// What this slice registers.
pub const SLICE: Slice = Slice::new(routes);

/// The kind of factor. The codes of an account are one thing to their owner: nameless, created and deleted together.
pub const FACTOR: FactorKind = FactorKind {
    code: "recovery_code",
    stands_in: true,
    list: |connection, user_id| Box::pin(store::list(connection, user_id)),
    rename: |_, _, _, _| Box::pin(async { Ok(false) }),
    remove: |_, _, _| Box::pin(async { Ok(false) }),
    delete: |connection, user_id, since| Box::pin(store::delete(connection, user_id, since)),
};

fn routes(routes: Routes) -> Routes {
    let account = Access::account().while_enrolling();
    routes
        .get(paths::LOGIN_RECOVERY_CODE, Access::Anyone, code::show::<RecoveryCodes>)
        .post(paths::LOGIN_RECOVERY_CODE, Access::Anyone, code::submit::<RecoveryCodes>)
        .writes(Writes::Cookie)
        .get(paths::REAUTH_RECOVERY_CODE, account, code::show_again::<RecoveryCodes>)
        .post(paths::REAUTH_RECOVERY_CODE, account, code::submit_again::<RecoveryCodes>)
        .writes(Writes::Cookie)
        .get(paths::ACCOUNT_RECOVERY_CODES, account.fresh(), handlers::show)
        .post(paths::ACCOUNT_RECOVERY_CODES, account.fresh(), handlers::create)
        .back(paths::ACCOUNT_RECOVERY_CODES_FILE, account, paths::ACCOUNT_RECOVERY_CODES)
        .post(paths::ACCOUNT_RECOVERY_CODES_FILE, account, handlers::file)
        .anew()
        .back(paths::ACCOUNT_RECOVERY_CODES_SAVED, account, paths::ACCOUNT_RECOVERY_CODES)
        .post(paths::ACCOUNT_RECOVERY_CODES_SAVED, account, handlers::saved)
}
