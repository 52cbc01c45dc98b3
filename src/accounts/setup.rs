//! The setup link, with which the operator creates the first administrator.
//!
//! 1. At most one exists, and only its digest is stored. It works once, for an hour, and only while no administrator
//!    exists.
//! 2. [`issue`] creates it on an empty database. If several replicas start together, one creates it, and only that one
//!    knows the secret.
//! 3. [`reissue`] replaces a lost link.

use std::time::Duration;

use sqlx::PgConnection;

use crate::types::{SecretToken, TokenDigest};

/// Validity of the link.
pub const LIFETIME: Duration = Duration::from_secs(3600);

/// Creates the link if no account exists and no link is valid.
pub async fn issue(connection: &mut PgConnection) -> sqlx::Result<Option<SecretToken>> {
    create(connection, true).await
}

/// Replaces the link, unless an administrator exists.
pub async fn reissue(connection: &mut PgConnection) -> sqlx::Result<Option<SecretToken>> {
    // Waits for a concurrent use of the old link, so that the next statement sees its administrator.
    revoke(connection).await?;
    create(connection, false).await
}

/// Creates the link. The `first` one needs an empty database and replaces no valid link.
async fn create(connection: &mut PgConnection, first: bool) -> sqlx::Result<Option<SecretToken>> {
    let secret = SecretToken::random();
    let digest = secret.digest();
    let issued = sqlx::query!(
        r#"
        insert into mailed_links as l (digest, purpose, expires_at)
        select $1, 'setup', now() + make_interval(secs => $2)
        where not exists (select 1 from users where role = 'admin' or $3)
        on conflict (purpose) where purpose = 'setup' and used_at is null
        do update set digest = excluded.digest, created_at = excluded.created_at, expires_at = excluded.expires_at
        where l.expires_at <= now() or not $3
        "#,
        digest.as_bytes(),
        LIFETIME.as_secs_f64(),
        first,
    )
    .execute(connection)
    .await?;
    Ok((issued.rows_affected() == 1).then_some(secret))
}

/// Returns whether the link is valid, without using it.
pub async fn peek(connection: &mut PgConnection, digest: &TokenDigest) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select 1 from mailed_links
            where digest = $1 and purpose = 'setup' and used_at is null and expires_at > now()
                and not exists (select 1 from users where role = 'admin')
        ) as "works!"
        "#,
        digest.as_bytes(),
    )
    .fetch_one(connection)
    .await
}

/// Uses the link. Only one of several concurrent uses succeeds.
pub async fn spend(connection: &mut PgConnection, digest: &TokenDigest) -> sqlx::Result<bool> {
    let spent = sqlx::query!(
        r#"
        update mailed_links set used_at = now()
        where digest = $1 and purpose = 'setup' and used_at is null and expires_at > now()
            and not exists (select 1 from users where role = 'admin')
        "#,
        digest.as_bytes(),
    )
    .execute(connection)
    .await?;
    Ok(spent.rows_affected() == 1)
}

/// Revokes the link, because an administrator was created in another way.
pub async fn revoke(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("update mailed_links set used_at = now() where purpose = 'setup' and used_at is null")
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns whether an administrator exists.
pub async fn has_administrator(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select 1 from users where role = 'admin') as "there!""#)
        .fetch_one(connection)
        .await
}
