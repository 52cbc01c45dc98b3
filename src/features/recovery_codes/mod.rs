//! Codes that are written down, for the day on which no other factor is at hand.
//!
//! 1. `POST /account/factors/recovery-codes` makes ten, in place of those from before, and is the one page
//!    that ever shows them: the database keeps digests. An account without a second factor has no use for
//!    them.
//! 2. That page's form sends them back to `…/file`, which answers with a text file, so that they can be kept
//!    without a script. What is no ten codes is refused: nothing else comes back.
//! 3. `/login/recovery-code` ends a sign-in that waits, `/reauth/recovery-code` renews a session. The try is
//!    counted first; then one guarded statement uses the code up, together with what it opens. Of many at
//!    once one gets it.
//! 4. Making and using them is told by letter, with how many are left.

mod challenge;
mod handlers;
#[doc(hidden)] // for the fuzz targets, a crate of their own
pub mod model;
pub mod pages;
mod service;
mod store;

use crate::web::{access::Access, paths, routes::Routes};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::LOGIN_RECOVERY_CODE, Access::Anyone, challenge::show)
        .post(paths::LOGIN_RECOVERY_CODE, Access::Anyone, challenge::submit)
        .get(paths::REAUTH_RECOVERY_CODE, Access::Session, challenge::show_again)
        .post(paths::REAUTH_RECOVERY_CODE, Access::Session, challenge::submit_again)
        .get(paths::ACCOUNT_RECOVERY_CODES, Access::RecentSession, handlers::show)
        .post(paths::ACCOUNT_RECOVERY_CODES, Access::RecentSession, handlers::make)
        .get(paths::ACCOUNT_RECOVERY_CODES_FILE, Access::Session, handlers::back)
        .post(paths::ACCOUNT_RECOVERY_CODES_FILE, Access::Session, handlers::file)
}
