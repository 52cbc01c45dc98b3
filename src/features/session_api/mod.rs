//! `GET /api/v1/session`: who am I, for the apps beside us.
//!
//! An app on the same site forwards the visitor's cookie and gets an answer that is true at this
//! moment: 200 with the account and the session, or 401 as `application/problem+json`.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    types::{SessionId, UserId},
    web::{SignedIn, access::Access, paths, routes::Routes},
};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::API_SESSION, Access::SignedIn, show)
}

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
    /// Whether the person has shown that the address is theirs.
    email_verified: bool,
}

#[derive(Debug, Serialize)]
struct Session<'a> {
    id: SessionId,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// When the person last proved who they are: seconds since 1970 (OpenID Connect Core section 2).
    auth_time: i64,
    /// Authenticator assurance level of NIST SP 800-63B.
    aal: i16,
    /// RFC 8176.
    amr: &'a [String],
}

async fn show(SignedIn(live): SignedIn) -> Response {
    let answer = WhoAmI {
        user: Account {
            id: live.user_id,
            username: &live.username,
            display_name: live.display_name.as_deref(),
            email: &live.email,
            email_verified: live.email_verified,
        },
        session: Session {
            id: live.id,
            created_at: live.created_at,
            expires_at: live.absolute_ends_at,
            auth_time: live.authenticated_at.unix_timestamp(),
            aal: live.aal,
            amr: &live.amr,
        },
    };
    let mut response = Json(answer).into_response();
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
