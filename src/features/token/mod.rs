//! `POST /oauth/token`: codes, refresh tokens and credentials of apps become tokens (RFC 6749 section 3.2).
//!
//! 1. The app authenticates ([`Access::Client`]). Each grant type has a file of its own in `service`.
//! 2. `authorization_code`: one statement takes the code, whatever comes of it. Only then its app, its redirect address
//!    and its PKCE challenge are compared: who presents a code wrongly has burnt it. A second use ends the grant, and the
//!    tokens of the first with it.
//! 3. `refresh_token`: one statement uses the token and inserts its successor ([`crate::apps::tokens::refresh`]). Repeats
//!    get the same successor for a short grace; after that, and from another app, they end the grant.
//! 4. `client_credentials`: a service gets an access token for itself.
//! 5. The judge has the last word ([`crate::apps::judge`]). A refresh token that it refuses is not used. When the
//!    database fails, nothing was spent.
//! 6. The answer has an access token, opaque or signed; an ID token with the scope `openid`; and a refresh token with
//!    offline access.

mod forms;
mod handlers;
mod model;
mod service;

use crate::{
    apps::tokens::{access, refresh},
    web::{
        Access, Slice, Sweep, Turn, Writes,
        access::{Cors, Dialect},
        paths,
        routes::Routes,
    },
};

/// What this slice registers.
pub const SLICE: Slice = Slice {
    routes,
    sweeps: &[
        Sweep {
            name: "access_tokens",
            turn: Turn::Round,
            run: |state| Box::pin(async { access::sweep(&mut *state.db.acquire().await?).await }),
        },
        Sweep {
            name: "refresh_tokens",
            turn: Turn::Round,
            run: |state| Box::pin(async { refresh::sweep(&mut *state.db.acquire().await?).await }),
        },
    ],
    emails: &[],
};

fn routes(routes: Routes) -> Routes {
    [paths::OAUTH_TOKEN, paths::OAUTH_TOKEN_SLASH].into_iter().fold(routes, |routes, path| {
        let routes = routes.post(path, Access::Client, handlers::issue);
        routes.writes(Writes::Sessions).from_anywhere().anew().dialect(Dialect::OAuth).cors(Cors::Apps)
    })
}
