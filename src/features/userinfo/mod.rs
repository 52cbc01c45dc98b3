//! `GET` and `POST /oauth/userinfo` (OpenID Connect Core section 5.3): who the person is, for the bearer of an access token
//! with the scope `openid`.
//!
//! 1. The token is judged by every request ([`Access::Bearer`]).
//! 2. The answer has `sub` and the claims of the token's scopes, as they are now.

use crate::{
    apps::{Scope, claims},
    web::{
        Access, Answer, Bearer, Ctx, Slice,
        access::{Cors, Dialect},
        paths,
        routes::Routes,
    },
};

/// What this slice registers.
pub const SLICE: Slice = Slice::new(routes);

fn routes(routes: Routes) -> Routes {
    let access = Access::Bearer(Scope::OpenId);
    routes
        .get(paths::OAUTH_USERINFO, access, show)
        .dialect(Dialect::OAuth)
        .cors(Cors::Apps)
        .post(paths::OAUTH_USERINFO, access, show)
        .from_anywhere()
        .anew()
        .dialect(Dialect::OAuth)
        .cors(Cors::Apps)
}

async fn show(ctx: Ctx, Bearer { live, scopes }: Bearer) -> Answer {
    let mut claims = live.person.as_ref().map(|person| claims::of(&scopes, person)).unwrap_or_default();
    claims.insert("sub".to_owned(), live.subject().into());
    ctx.json(claims)
}
