//! `GET /api/v1/session`: who is signed in, for apps on the same host.
//!
//! 1. An app on the same site forwards the visitor's cookie. The answer is true now: 200 with the account and the
//!    session, or 401 as `application/problem+json`.
//! 2. `GET /api/openapi.json` describes that, to any origin.

use axum::http::header;
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    types::{SessionId, UserId},
    web::{
        Access, Answer, Ctx, JSON, SignedIn, Slice,
        access::{Cors, Dialect},
        paths,
    },
};

/// The OpenAPI description of what apps may call.
const OPENAPI: &str = include_str!("openapi.json");

/// The API for apps.
pub const SLICE: Slice = Slice::new(|r| {
    r.get(paths::API_SESSION, Access::account(), show)
        .dialect(Dialect::Problem)
        .get(paths::API_OPENAPI, Access::Public, openapi)
        .dialect(Dialect::Problem)
        .cors(Cors::Any)
});

/// The answer.
#[derive(Debug, Serialize)]
struct WhoAmI<'a> {
    user: Account<'a>,
    session: Session<'a>,
}

#[derive(Debug, Serialize)]
struct Account<'a> {
    id: UserId,
    username: &'a str,
    display_name: Option<&'a str>,
    email: &'a str,
    /// Whether the user has shown that the address is theirs.
    email_verified: bool,
    /// The names of the account's groups.
    groups: &'a [String],
}

#[derive(Debug, Serialize)]
struct Session<'a> {
    id: SessionId,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// When the user last proved who they are: seconds since 1970 (OpenID Connect Core section 2).
    auth_time: i64,
    /// Authenticator assurance level of NIST SP 800-63B.
    aal: i16,
    /// RFC 8176.
    amr: &'a [String],
}

async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let answer = WhoAmI {
        user: Account {
            id: me.user_id,
            username: &me.username,
            display_name: me.display_name.as_deref(),
            email: &me.email,
            email_verified: me.email_verified,
            groups: &me.groups,
        },
        session: Session {
            id: me.id,
            created_at: me.created_at,
            expires_at: me.absolute_ends_at,
            auth_time: me.authenticated_at.unix_timestamp(),
            aal: me.aal,
            amr: &me.amr,
        },
    };
    ctx.json(answer)
}

async fn openapi(ctx: Ctx) -> Answer {
    ctx.answer(([(header::CONTENT_TYPE, JSON)], OPENAPI))
}
