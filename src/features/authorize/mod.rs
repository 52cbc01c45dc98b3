//! The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2): an app asks who its visitor is.
//!
//! 1. `GET` or `POST /oauth/authorize` finds the app and the address that it registered. Without them nobody knows where
//!    an answer may go, and the visitor gets a page of ours; the log says what was wrong. Every other mistake goes to the
//!    app.
//! 2. [`model::decide`] says what comes first, in the order in which a person meets it: sign in, verify, add a factor,
//!    authenticate again, allow the app.
//! 3. If anything does, the checked request is stored for this browser, and its id travels as `next` from page to page
//!    until `GET /oauth/authorize/continue`. Another browser gets 404.
//! 4. `GET /oauth/consent` asks the person; `POST` takes the answer, and uses the request once.
//! 5. An app may push its request to `POST /oauth/par` beforehand (RFC 9126): the same checks, but every mistake is told
//!    to the app. The browser then brings a `request_uri`, once, within 90 seconds.
//! 6. The answer is a code in a grant, or an error, always with `iss` (RFC 9207). A GET redirects to the app. What follows
//!    a form is a page that leads on: browsers apply `form-action` to all redirects behind a form.

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
