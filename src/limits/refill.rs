//! Resetting and sweeping buckets.

use sqlx::PgConnection;

use super::Key;
use crate::types::UserId;

/// Deletes one bucket, because the secret it protected changed.
pub async fn refill(connection: &mut PgConnection, key: Key) -> sqlx::Result<()> {
    sqlx::query!("delete from attempt_limits where key = $1", key.bytes()).execute(connection).await?;
    Ok(())
}

/// Deletes the sign-in buckets of an account and its known browsers, after recovery or by the operator.
///
/// The account's bucket goes first, in a separate statement: the order in which a success locks them.
pub async fn forget(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    refill(&mut *connection, Key::account(user_id)).await?;
    let browsers = sqlx::query_scalar!("select id from known_browsers where user_id = $1", user_id as UserId)
        .fetch_all(&mut *connection)
        .await?;
    let keys: Vec<_> = browsers.iter().map(|browser| Key::browser(user_id, *browser).bytes().to_vec()).collect();
    sqlx::query!("delete from attempt_limits where key = any($1)", &keys).execute(connection).await?;
    Ok(())
}

/// Maximum number of buckets of names that no account has, because anyone can create them.
pub const NOBODYS_MAX: i64 = 100_000;

/// Deletes full buckets and returns how many. Keeps those with consecutive failures for 30 days ([`super::Cap`]),
/// because deleting them sooner would help a patient attacker. Of names that no account has, keeps the newest
/// [`NOBODYS_MAX`].
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    come_back(connection).await?;
    let full = sqlx::query!(
        r#"
        delete from attempt_limits where ctid = any(array(
            select ctid from attempt_limits where full_at < now() and failures = 0
            order by full_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(&mut *connection)
    .await?;
    let forgotten = sqlx::query!(
        r#"
        delete from attempt_limits where ctid = any(array(
            select ctid from attempt_limits
            where used_at < now() - interval '30 days' and full_at < now() and failures > 0
            order by used_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(&mut *connection)
    .await?;
    let nobodys = sqlx::query!(
        r#"
        delete from attempt_limits where ctid = any(array(
            select ctid from attempt_limits where ctid = any(array(
                select ctid from attempt_limits where nobodys order by used_at desc offset $1 limit 1000
            )) for update skip locked
        ))
        "#,
        NOBODYS_MAX,
    )
    .execute(connection)
    .await?;
    Ok(full.rows_affected() + forgotten.rows_affected() + nobodys.rows_affected())
}

/// Corrects buckets written while the database's clock was ahead: no bucket takes more than an hour to fill, and none
/// was used in the future.
async fn come_back(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update attempt_limits set full_at = now() where ctid = any(array(
            select ctid from attempt_limits where full_at > now() + interval '2 hours' and failures = 0
            order by full_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        r#"
        update attempt_limits set used_at = now(), full_at = least(full_at, now()) where ctid = any(array(
            select ctid from attempt_limits
            where used_at > now() + interval '1 minute' and used_at < 'infinity' and failures > 0
            order by used_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(())
}
