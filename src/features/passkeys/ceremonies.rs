//! Ceremonies of passkeys, between their challenge and its answer.
//!
//! 1. [`begin`] keeps the challenge under the digest of a secret that the browser gets.
//! 2. [`spend`] hands it out once, within ten minutes, to the ceremony that it was begun for: the same
//!    purpose, account, and session or pending sign-in.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;

use crate::types::{TokenDigest, UserId};

/// How long an answer may take.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// What a passkey is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// To become one of an account.
    Register,
    /// To sign in with it alone.
    SignIn,
    /// To finish a sign-in that began with a password.
    SecondFactor,
    /// To prove in a session again whose it is.
    Reauth,
}

impl Purpose {
    /// As stored.
    fn code(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign-in",
            Self::SecondFactor => "second-factor",
            Self::Reauth => "reauth",
        }
    }
}

/// What a ceremony belongs to; an answer counts where all of it is the same.
#[derive(Clone, Copy, Debug)]
pub struct Ceremony<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// Whose passkey is asked for; none when anybody's is.
    pub user_id: Option<UserId>,
    /// The session or the pending sign-in that began it.
    pub bound_to: Option<&'a [u8]>,
}

/// Keeps the challenge of a ceremony.
///
/// # Errors
/// Only the database's.
pub async fn begin(
    connection: &mut PgConnection,
    digest: &TokenDigest,
    ceremony: &Ceremony<'_>,
    state: &Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into webauthn_ceremonies (digest, purpose, user_id, bound_to, state, expires_at)
        values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
        "#,
        digest.as_bytes(),
        ceremony.purpose.code(),
        ceremony.user_id as Option<UserId>,
        ceremony.bound_to,
        state,
        LIFETIME.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Uses a challenge up. Of any number at once, one gets it.
///
/// # Errors
/// Only the database's.
pub async fn spend(
    connection: &mut PgConnection,
    digest: &TokenDigest,
    ceremony: &Ceremony<'_>,
) -> sqlx::Result<Option<Value>> {
    sqlx::query_scalar!(
        r#"
        update webauthn_ceremonies set used_at = now()
        where digest = $1 and used_at is null and expires_at > now() and purpose = $2
            and user_id is not distinct from $3 and bound_to is not distinct from $4
        returning state
        "#,
        digest.as_bytes(),
        ceremony.purpose.code(),
        ceremony.user_id as Option<UserId>,
        ceremony.bound_to,
    )
    .fetch_optional(connection)
    .await
}

/// Removes ceremonies that are over, and tells how many.
///
/// # Errors
/// Only the database's.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from webauthn_ceremonies where ctid = any(array(
            select ctid from webauthn_ceremonies where expires_at < now()
            order by expires_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
