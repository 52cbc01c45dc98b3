//! Codes and tokens of grants.
//!
//! 1. A code is taken once ([`codes`]), and with it its PKCE challenge ([`pkce`]).
//! 2. A refresh token is used once, and its successor is inserted in the same statement ([`refresh`]).
//! 3. Access tokens are opaque with a row each ([`access`]), or signed ([`jwt`]).
//!
//! Rows hold digests only. Expiry is judged by the database's clock.

pub mod access;
pub mod codes;
pub mod jwt;
pub mod pkce;
pub mod refresh;

use sqlx::PgConnection;

use crate::types::{GrantId, UserId};

/// Why a grant is ended by the token endpoints.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// A code or refresh token was used twice, or by another app.
    Reuse,
    /// The app revoked it.
    Revoked,
}

impl Ended {
    const fn code(self) -> &'static str {
        match self {
            Self::Reuse => "reuse",
            Self::Revoked => "revoked",
        }
    }
}

/// Ends a grant, unless it has ended before. Returns its person, if it did and has one.
pub async fn end(connection: &mut PgConnection, id: GrantId, because: Ended) -> sqlx::Result<Option<UserId>> {
    let ended = sqlx::query_scalar!(
        r#"
        update grants set ended_at = now(), ended_because = $2 where id = $1 and ended_at is null
        returning user_id as "user_id: UserId"
        "#,
        id as GrantId,
        because.code(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(ended.flatten())
}
