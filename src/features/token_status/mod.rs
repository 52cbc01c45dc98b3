//! `POST /oauth/introspect` (RFC 7662) and `POST /oauth/revoke` (RFC 7009): what a token is worth, and the end of it.
//!
//! 1. The app authenticates ([`Access::Client`]); one without a secret cannot introspect.
//! 2. It learns about access tokens of its own, and about those that are for one of its resources. Of every other text,
//!    also of a refresh token, it learns that it is not active.
//! 3. It revokes its own tokens. A refresh token ends its grant, and so does a signed access token, which has no row to
//!    delete; an opaque one ends alone. The answer is always the same.

mod handlers;
mod model;
mod service;

use crate::web::{
    Access, Slice, Writes,
    access::{Cors, Dialect},
    paths,
    routes::Routes,
};

/// What this slice registers.
pub const SLICE: Slice = Slice::new(routes);

fn routes(routes: Routes) -> Routes {
    routes
        .post(paths::OAUTH_INTROSPECT, Access::Client, handlers::introspect)
        .from_anywhere()
        .anew()
        .dialect(Dialect::OAuth)
        .post(paths::OAUTH_REVOKE, Access::Client, handlers::revoke)
        .writes(Writes::Sessions)
        .from_anywhere()
        .anew()
        .dialect(Dialect::OAuth)
        .cors(Cors::Apps)
}
