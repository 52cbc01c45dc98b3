//! Signing out at the request of an app (OpenID Connect RP-Initiated Logout 1.0), and telling the others (OpenID Connect
//! Back-Channel Logout 1.0).
//!
//! 1. `GET /oauth/logout` signs out at once if its `id_token_hint` is of this browser's session. Otherwise a page asks,
//!    because any page of the web can lead here. A `POST` is led to the `GET`: the browser sends its session only there.
//! 2. A person goes back to the app if the app is known, the address is registered byte by byte, and no hint was wrong.
//!    Everyone else ends at a page of ours.
//! 3. Behind a form, the last hop is a page that goes on automatically: browsers apply `form-action` to redirects after it.
//! 4. Revoking a session queues a row of `logout_deliveries` for each app that has an address for it, in the same
//!    transaction. A job sends them ([`deliver`]): signing out waits for no app.

pub mod pages;

mod forms;
mod handlers;
mod model;
mod service;
mod store;

use crate::web::{Access, Slice, Sweep, Turn, Writes, paths};

pub use service::deliveries::deliver;
pub use store::{Delivery, claim, postpone, remove};

/// Leaving.
pub const SLICE: Slice = Slice {
    routes: |routes| {
        routes
            .get(paths::OAUTH_LOGOUT, Access::Anyone, handlers::leave)
            .writes(Writes::Cookie)
            .post(paths::OAUTH_LOGOUT, Access::Public, handlers::bring)
            .from_anywhere()
            .anew()
            .back(paths::OAUTH_LOGOUT_CONFIRM, Access::Public, paths::OAUTH_LOGOUT)
            .post(paths::OAUTH_LOGOUT_CONFIRM, Access::Anyone, handlers::confirm)
            .writes(Writes::Cookie)
    },
    sweeps: &[Sweep {
        name: "logout_deliveries",
        turn: Turn::Round,
        run: |state| Box::pin(async { store::sweep(&mut *state.db.acquire().await?).await }),
    }],
    emails: &[],
};
