//! Pending sign-ins: the password was right, and the second factor is missing.
//!
//! 1. [`begin`] stores the digest of a secret that the browser gets instead of a session.
//! 2. [`peek`] returns it for ten minutes, while the password stays the same.
//! 3. [`spend`] uses it in the transaction that creates the session; only one of several concurrent uses succeeds.

use std::time::Duration;

use sqlx::PgConnection;

use super::Methods;
use crate::types::{ReturnTo, TokenDigest, UserId};

/// How long a second factor may take (ASVS 2.3.1).
pub const LIFETIME: Duration = Duration::from_secs(600);

/// A pending sign-in.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The account.
    pub user_id: UserId,
    /// The username.
    pub username: String,
    /// The credentials version that was verified.
    pub credentials_version: i64,
    /// The methods shown so far (RFC 8176).
    pub methods: Vec<String>,
    /// Whether the session will survive closing the browser.
    pub remembered: bool,
    /// The redirect target, as stored.
    pub next: Option<String>,
    /// Number of failed passwords before the right one.
    pub failed_before: i32,
}

impl Pending {
    /// The redirect target.
    pub fn next(&self) -> Option<ReturnTo> {
        ReturnTo::parse(self.next.as_deref()?)
    }
}

/// A pending sign-in to create.
#[derive(Clone, Copy, Debug)]
pub struct NewPending<'a> {
    /// The account.
    pub user_id: UserId,
    /// The credentials version that was verified.
    pub credentials_version: i64,
    /// The methods shown so far.
    pub methods: &'a Methods,
    /// Whether the session will survive closing the browser.
    pub remembered: bool,
    /// The redirect target.
    pub next: Option<&'a ReturnTo>,
    /// Number of failed passwords before the right one.
    pub failed_before: u32,
}

/// Stores a pending sign-in.
pub async fn begin(connection: &mut PgConnection, digest: &TokenDigest, new: &NewPending<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into pending_sign_ins (digest, user_id, credentials_version, methods, remembered, next, failed_before, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8))
        "#,
        digest.as_bytes(),
        new.user_id as UserId,
        new.credentials_version,
        &new.methods.amr(),
        new.remembered,
        new.next.map(ReturnTo::as_str),
        new.failed_before.cast_signed(),
        LIFETIME.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Returns a browser's pending sign-in, if it is valid, without using it.
pub async fn peek(connection: &mut PgConnection, digest: &TokenDigest) -> sqlx::Result<Option<Pending>> {
    sqlx::query_as!(
        Pending,
        r#"
        select p.user_id as "user_id: UserId", u.username, p.credentials_version, p.methods,
            p.remembered, p.next, p.failed_before
        from pending_sign_ins p
        join users u on u.id = p.user_id where p.digest = $1 and p.used_at is null and p.expires_at > now()
            -- Of a clock that was ahead.
            and p.expires_at <= now() + make_interval(secs => $2::float8 + 60)
            and u.credentials_version = p.credentials_version and u.disabled_at is null and u.deletion_due_at is null
        "#,
        digest.as_bytes(),
        LIFETIME.as_secs_f64(),
    )
    .fetch_optional(connection)
    .await
}

/// Changes where a pending sign-in leads: its browser has been sent to sign in for something else.
pub async fn lead_to(connection: &mut PgConnection, digest: &TokenDigest, next: &ReturnTo) -> sqlx::Result<()> {
    sqlx::query!(
        "update pending_sign_ins set next = $2 where digest = $1 and used_at is null",
        digest.as_bytes(),
        next.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Uses a pending sign-in. Only one of several concurrent uses succeeds.
pub async fn spend(connection: &mut PgConnection, digest: &TokenDigest) -> sqlx::Result<Option<Pending>> {
    sqlx::query_as!(
        Pending,
        r#"
        update pending_sign_ins p set used_at = now()
        from users u where p.digest = $1 and p.used_at is null and p.expires_at > now()
            and p.expires_at <= now() + make_interval(secs => $2::float8 + 60)
            and u.id = p.user_id and u.disabled_at is null and u.deletion_due_at is null
            and u.credentials_version = p.credentials_version
        returning p.user_id as "user_id: UserId", u.username, p.credentials_version, p.methods,
            p.remembered, p.next, p.failed_before
        "#,
        digest.as_bytes(),
        LIFETIME.as_secs_f64(),
    )
    .fetch_optional(connection)
    .await
}

/// Ends all pending sign-ins of an account, and returns how many.
pub async fn end_all(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update pending_sign_ins set used_at = now() where user_id = $1 and used_at is null",
        user_id as UserId,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes expired pending sign-ins, and returns how many.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from pending_sign_ins where ctid = any(array(
            select ctid from pending_sign_ins where expires_at < now()
            order by expires_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
