//! The link that makes the first administrator: for whoever runs the service, and for nobody else.
//!
//! 1. There is one at a time, and only its digest is kept. It works once, for an hour, and not any more
//!    when there is an administrator.
//! 2. [`issue`] makes one on an empty database. Of many replicas that start at once one does, and it
//!    alone has the secret to tell.
//! 3. [`reissue`] replaces it, for an operator who lost it.

use std::time::Duration;

use sqlx::PgConnection;

use crate::types::{Entropy, SecretToken, TokenDigest};

/// How long the link works.
pub const LIFETIME: Duration = Duration::from_secs(3600);

/// Makes the link when there is no account at all and none is outstanding.
///
/// # Errors
/// Only the database's.
pub async fn issue(connection: &mut PgConnection, entropy: Entropy) -> sqlx::Result<Option<SecretToken>> {
    let secret = SecretToken::new(entropy);
    let digest = secret.digest();
    let issued = sqlx::query!(
        r#"
        insert into mailed_links as l (digest, purpose, expires_at)
        select $1, 'setup', now() + make_interval(secs => $2)
        where not exists (select 1 from users)
        on conflict (purpose) where purpose = 'setup' and used_at is null
        do update set digest = excluded.digest, created_at = excluded.created_at, expires_at = excluded.expires_at
        where l.expires_at <= now()
        "#,
        digest.as_bytes(),
        LIFETIME.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok((issued.rows_affected() == 1).then_some(secret))
}

/// Makes the link in place of the one before, unless there is an administrator.
///
/// # Errors
/// Only the database's.
pub async fn reissue(connection: &mut PgConnection, entropy: Entropy) -> sqlx::Result<Option<SecretToken>> {
    // Whoever uses the old one at this moment is waited for, so that the next statement sees what they made.
    kill(connection).await?;
    let secret = SecretToken::new(entropy);
    let digest = secret.digest();
    let issued = sqlx::query!(
        r#"
        insert into mailed_links (digest, purpose, expires_at)
        select $1, 'setup', now() + make_interval(secs => $2)
        where not exists (select 1 from users where role = 'admin')
        on conflict (purpose) where purpose = 'setup' and used_at is null
        do update set digest = excluded.digest, created_at = excluded.created_at, expires_at = excluded.expires_at
        "#,
        digest.as_bytes(),
        LIFETIME.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok((issued.rows_affected() == 1).then_some(secret))
}

/// Whether the link works now. Changes nothing.
///
/// # Errors
/// Only the database's.
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

/// Uses the link up. Of any number at once, one gets it.
///
/// # Errors
/// Only the database's.
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

/// Ends the link, because there is an administrator by other means.
///
/// # Errors
/// Only the database's.
pub async fn kill(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("update mailed_links set used_at = now() where purpose = 'setup' and used_at is null")
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether somebody is an administrator.
///
/// # Errors
/// Only the database's.
pub async fn has_administrator(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select 1 from users where role = 'admin') as "there!""#)
        .fetch_one(connection)
        .await
}
