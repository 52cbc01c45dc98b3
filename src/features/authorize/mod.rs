//! The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2): an app asks who its visitor is.
//!
//! 1. `GET` or `POST /oauth/authorize` finds the app and its registered redirect address. Without them the visitor gets
//!    an error page, and the log has the reason. Every other error goes to the app.
//! 2. [`model::decide`] returns the next step, in the user's order: sign in, verify, add a factor, authenticate again,
//!    consent.
//! 3. If a step is needed, the validated request is stored for this browser. Pages pass its id on as `next` until
//!    `GET /oauth/authorize/continue`. Another browser gets 404.
//! 4. `GET /oauth/consent` asks the user; `POST` handles the answer, and uses the request once.
//! 5. An app may push its request to `POST /oauth/par` (RFC 9126), with the same checks; all errors go to the app. The
//!    browser then sends the `request_uri`, once, within 90 seconds.
//! 6. The response is a code or an error, always with `iss` (RFC 9207). A GET redirects to the app. A form is followed
//!    by a page that leads on, because browsers apply `form-action` to all redirects after a form.

mod forms;
mod handlers;
pub mod model;
pub mod pages;
mod service;

use crate::{
    apps::{grants, requests},
    web::{
        Access, Slice, Sweep, Turn,
        access::{Cors, Dialect},
        paths,
        routes::Routes,
    },
};

/// The authorization endpoint.
pub const SLICE: Slice = Slice {
    routes: |r| {
        pushed(r)
            .get(paths::OAUTH_AUTHORIZE, Access::Anyone, handlers::show)
            .get(paths::OAUTH_AUTHORIZE_SLASH, Access::Anyone, handlers::show)
            .post(paths::OAUTH_AUTHORIZE, Access::Public, handlers::submit)
            .anew()
            .from_anywhere()
            .post(paths::OAUTH_AUTHORIZE_SLASH, Access::Public, handlers::submit)
            .anew()
            .from_anywhere()
            .get(requests::ROUTE, Access::Anyone, handlers::resume)
            .get(paths::OAUTH_CONSENT, Access::Anyone, handlers::show_consent)
            .post(paths::OAUTH_CONSENT, Access::Anyone, handlers::submit_consent)
    },
    sweeps: &[
        Sweep {
            name: "authorization_requests",
            turn: Turn::Round,
            run: |state| Box::pin(async { requests::sweep(&mut *state.db.acquire().await?).await }),
        },
        Sweep {
            name: "grants",
            turn: Turn::Round,
            run: |state| Box::pin(async { grants::sweep(&mut *state.db.acquire().await?).await }),
        },
    ],
    emails: &[],
};

fn pushed(routes: Routes) -> Routes {
    [paths::OAUTH_PAR, paths::OAUTH_PAR_SLASH].into_iter().fold(routes, |routes, path| {
        let routes = routes.post(path, Access::Client, handlers::push);
        routes.from_anywhere().anew().dialect(Dialect::OAuth).cors(Cors::Apps)
    })
}
