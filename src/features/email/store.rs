//! Addresses that were given up, and in which order.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::types::{Entropy, UserId};

/// Notes that an account gave an address up. Its row is held, so the order is the true one.
pub async fn note(connection: &mut PgConnection, entropy: Entropy, user_id: UserId, address: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into email_replacements (id, user_id, address) values ($1, $2, $3)",
        entropy.uuid(),
        user_id as UserId,
        address,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether an account may have this address back.
pub async fn is_open(connection: &mut PgConnection, user_id: UserId, address: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select 1 from email_replacements where user_id = $1 and address = $2 and closed_at is null
        ) as "open!"
        "#,
        user_id as UserId,
        address,
    )
    .fetch_one(connection)
    .await
}

/// When an account gave this address up, for as long as it may have it back.
pub async fn given_up_at(
    connection: &mut PgConnection,
    user_id: UserId,
    address: &str,
) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!(
        r#"
        select min(replaced_at) from email_replacements where user_id = $1 and address = $2 and closed_at is null
        "#,
        user_id as UserId,
        address,
    )
    .fetch_one(connection)
    .await
}

/// Closes the way back to an address and to all that were given up after it. Returns them; none when
/// there is no way back.
pub async fn close_from(connection: &mut PgConnection, user_id: UserId, address: &str) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"
        update email_replacements set closed_at = now()
        where user_id = $1 and closed_at is null and replaced_at >= (
            select min(replaced_at) from email_replacements where user_id = $1 and address = $2 and closed_at is null
        )
        returning address
        "#,
        user_id as UserId,
        address,
    )
    .fetch_all(connection)
    .await
}

/// Removes what no link can bring back any more, and tells how many. A letter is tried for three days,
/// and its link works for seven.
///
/// # Errors
/// Only the database's.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from email_replacements where ctid = any(array(
            select ctid from email_replacements where replaced_at < now() - interval '14 days'
            order by replaced_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
