//! Sign-ins whose password was right and whose second factor is still to come.
//!
//! 1. [`begin`] keeps the digest of a secret that the browser gets instead of a session.
//! 2. [`peek`] tells whose it is, for ten minutes, while the password stays the one that was shown.
//! 3. [`spend`] uses it up, in the transaction that opens the session: of many at once one gets it.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::types::{LocalPath, TokenDigest, UserId};

/// How long a second factor may take (ASVS 2.3.1 in security.md, row 69).
pub const LIFETIME: Duration = Duration::from_secs(600);

/// A sign-in that waits for its second factor.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Whose it is.
    pub user_id: UserId,
    /// The account's public name.
    pub username: String,
    /// When the password was set that was shown.
    pub password_set_at: OffsetDateTime,
    /// Whether the session is to outlive the browser's window.
    pub remembered: bool,
    /// Where the visitor was going, as stored.
    pub next: Option<String>,
    /// How many passwords had failed before the right one.
    pub failed_before: i32,
}

impl Pending {
    /// Where the visitor was going.
    #[must_use]
    pub fn next(&self) -> Option<LocalPath> {
        LocalPath::parse(self.next.as_deref()?)
    }
}

/// A sign-in that is to wait.
#[derive(Clone, Copy, Debug)]
pub struct NewPending<'a> {
    /// Whose it is.
    pub user_id: UserId,
    /// When the password was set that was shown.
    pub password_set_at: OffsetDateTime,
    /// Whether the session is to outlive the browser's window.
    pub remembered: bool,
    /// Where the visitor was going.
    pub next: Option<&'a LocalPath>,
    /// How many passwords had failed before the right one.
    pub failed_before: u32,
}

/// Keeps a sign-in until its second factor comes.
///
/// # Errors
/// Only the database's.
pub async fn begin(connection: &mut PgConnection, digest: &TokenDigest, new: &NewPending<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into pending_sign_ins (digest, user_id, password_set_at, remembered, next, failed_before, expires_at)
        values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
        "#,
        digest.as_bytes(),
        new.user_id as UserId,
        new.password_set_at,
        new.remembered,
        new.next.map(LocalPath::as_str),
        new.failed_before.cast_signed(),
        LIFETIME.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The sign-in that a browser has in hand, if it can still be finished. Changes nothing.
///
/// # Errors
/// Only the database's.
pub async fn peek(connection: &mut PgConnection, digest: &TokenDigest) -> sqlx::Result<Option<Pending>> {
    sqlx::query_as!(
        Pending,
        r#"
        select p.user_id as "user_id: UserId", u.username, p.password_set_at, p.remembered, p.next, p.failed_before
        from pending_sign_ins p
        join users u on u.id = p.user_id
        join password_credentials c on c.user_id = p.user_id and c.changed_at = p.password_set_at
        where p.digest = $1 and p.used_at is null and p.expires_at > now()
            and u.disabled_at is null and u.deletion_due_at is null
        "#,
        digest.as_bytes(),
    )
    .fetch_optional(connection)
    .await
}

/// Uses a sign-in up. Of any number at once, one gets it.
///
/// # Errors
/// Only the database's.
pub async fn spend(connection: &mut PgConnection, digest: &TokenDigest) -> sqlx::Result<Option<Pending>> {
    sqlx::query_as!(
        Pending,
        r#"
        update pending_sign_ins p set used_at = now()
        from users u, password_credentials c
        where p.digest = $1 and p.used_at is null and p.expires_at > now()
            and u.id = p.user_id and u.disabled_at is null and u.deletion_due_at is null
            and c.user_id = p.user_id and c.changed_at = p.password_set_at
        returning p.user_id as "user_id: UserId", u.username, p.password_set_at, p.remembered, p.next, p.failed_before
        "#,
        digest.as_bytes(),
    )
    .fetch_optional(connection)
    .await
}

/// Ends every sign-in of an account that waits, and tells how many did.
///
/// # Errors
/// Only the database's.
pub async fn end_all(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update pending_sign_ins set used_at = now() where user_id = $1 and used_at is null",
        user_id as UserId,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Removes sign-ins that are over, and tells how many.
///
/// # Errors
/// Only the database's.
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
