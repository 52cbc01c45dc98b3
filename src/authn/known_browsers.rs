//! Browsers that have signed in to an account before.

use sqlx::PgConnection;

use crate::types::{TokenDigest, UserId};

/// Remembers that a browser signed in to an account.
///
/// # Errors
/// Only the database's.
pub async fn remember(connection: &mut PgConnection, user_id: UserId, browser: &TokenDigest) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into known_browsers as b (user_id, digest) values ($1, $2)
        on conflict (user_id, digest) do update set last_used_at = now()
        where b.last_used_at < now() - interval '1 day'
        "#,
        user_id as UserId,
        browser.as_bytes(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets browsers that were not used for as long as their cookie lives, and tells how many.
///
/// # Errors
/// Only the database's.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from known_browsers where (user_id, digest) in (
            select user_id, digest from known_browsers
            where last_used_at < now() - interval '400 days'
            limit 5000 for update skip locked
        )
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
