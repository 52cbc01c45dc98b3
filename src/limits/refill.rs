//! Tries that count no more.

use sqlx::PgConnection;

use super::Key;
use crate::types::{TokenDigest, UserId};

/// Forgets every try that was taken from one bucket, for what it guarded is there no more.
///
/// # Errors
/// Only the database's.
pub async fn refill(connection: &mut PgConnection, key: Key) -> sqlx::Result<()> {
    sqlx::query!("delete from attempt_limits where key = $1", key.bytes()).execute(connection).await?;
    Ok(())
}

/// Forgets every try at the second factors of an account, because they are there no more.
///
/// # Errors
/// Only the database's.
pub async fn forget_factors(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    for key in [Key::totp(user_id), Key::recovery_code(user_id), Key::refused_factors(user_id)] {
        refill(connection, key).await?;
    }
    Ok(())
}

/// Forgets every failed try at an account, for its owner's rebinding or the operator.
///
/// The account's bucket goes before those of its browsers, in statements of their own: the order in
/// which a success locks them.
///
/// # Errors
/// Only the database's.
pub async fn forget(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    refill(&mut *connection, Key::account(user_id)).await?;
    let browsers = sqlx::query_scalar!("select digest from known_browsers where user_id = $1", user_id as UserId)
        .fetch_all(&mut *connection)
        .await?;
    let digests = browsers.iter().filter_map(|digest| digest.as_slice().try_into().ok().map(TokenDigest));
    let keys: Vec<_> = digests.map(|digest| Key::browser(user_id, &digest).bytes().to_vec()).collect();
    sqlx::query!("delete from attempt_limits where key = any($1)", &keys).execute(connection).await?;
    Ok(())
}

/// Removes buckets that are full again, and tells how many. Those that count failures in a row stay
/// for 30 days, as [`super::Cap`] says: forgetting them sooner would refill a patient guesser.
///
/// # Errors
/// Only the database's.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let full = sqlx::query!(
        r#"
        delete from attempt_limits where ctid = any(array(
            select ctid from attempt_limits
            where full_at < now() and failures = 0
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
    .execute(connection)
    .await?;
    Ok(full.rows_affected() + forgotten.rows_affected())
}
