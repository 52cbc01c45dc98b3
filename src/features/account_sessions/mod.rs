//! Where you are signed in, and how to end that.
//!
//! 1. `GET /account/sessions` lists the account's live sessions, this one first, and the browsers that skip the
//!    second step.
//! 2. `POST /account/sessions/end` ends one session. One that has ended, or is another account's, is answered 404.
//!    Ending this session signs out.
//! 3. `POST /account/sessions/end-others` ends every session but this one.
//! 4. `POST /account/browsers/forget` has one browser asked for the second step again. Another account's is
//!    answered 404.
//!
//! A session that was ended is refused from its next request on, on every replica.

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
