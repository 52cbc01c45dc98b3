//! Lists and ends an account's sessions and trusted browsers.
//!
//! 1. `GET /account/sessions` lists the account's live sessions, the current one first, and its trusted browsers.
//! 2. `POST /account/sessions/end` ends one session. For an ended session or another account's, the response is 404.
//!    Ending the current session signs out.
//! 3. `POST /account/sessions/end-others` ends every session except the current one.
//! 4. `POST /account/browsers/forget` revokes the trust in one browser, so that it needs the second factor again. For
//!    another account's browser, the response is 404.
//!
//! An ended session is refused from its next request on, on every replica.

mod handlers;
pub mod pages;
mod service;

use crate::web::{Access, Slice, Writes, paths};

/// Sessions and trusted browsers.
pub const SLICE: Slice = Slice::new(|r| {
    r.get(paths::ACCOUNT_SESSIONS, Access::account(), handlers::show)
        .back(paths::ACCOUNT_SESSIONS_END, Access::account(), paths::ACCOUNT_SESSIONS)
        .post(paths::ACCOUNT_SESSIONS_END, Access::account(), handlers::end)
        .writes(Writes::Cookie)
        .back(paths::ACCOUNT_SESSIONS_END_OTHERS, Access::account(), paths::ACCOUNT_SESSIONS)
        .post(paths::ACCOUNT_SESSIONS_END_OTHERS, Access::account(), handlers::end_others)
        .writes(Writes::Sessions)
        .back(paths::ACCOUNT_BROWSERS_FORGET, Access::account(), paths::ACCOUNT_SESSIONS)
        .post(paths::ACCOUNT_BROWSERS_FORGET, Access::account(), handlers::forget_browser)
});
