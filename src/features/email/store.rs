//! SQL for replaced addresses and their order.

use serde::Serialize;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::types::{ExportedTime, UserId, random_uuid};

/// Adds an address that an account had until now. The account is locked, so the order is right.
pub async fn add(connection: &mut PgConnection, user_id: UserId, address: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into email_replacements (id, user_id, address) values ($1, $2, $3)",
        random_uuid(),
        user_id as UserId,
        address,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Finds when an account had this address replaced, if it may have it back.
pub async fn replaced_at(
    connection: &mut PgConnection,
    user_id: UserId,
    address: &str,
) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!(
        "select min(replaced_at) from email_replacements where user_id = $1 and address = $2 and closed_at is null",
        user_id as UserId,
        address,
    )
    .fetch_one(connection)
    .await
}

/// Ends the undo of all replacements since then. Returns their addresses.
pub async fn close_since(
    connection: &mut PgConnection,
    user_id: UserId,
    replaced_at: OffsetDateTime,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "update email_replacements set closed_at = now()
        where user_id = $1 and closed_at is null and replaced_at >= $2 returning address",
        user_id as UserId,
        replaced_at,
    )
    .fetch_all(connection)
    .await
}

/// A replacement that may still be undone.
#[derive(Clone, Debug)]
pub struct Open {
    /// The replacement.
    pub id: Uuid,
    /// The address that was replaced.
    pub address: String,
    /// When it was replaced.
    pub replaced_at: OffsetDateTime,
    /// The database's time.
    pub now: OffsetDateTime,
}

/// Lists the replacements of an account that a link can still undo, the newest first. A link works for seven days after
/// its email was sent, which may take three.
pub async fn open(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<Open>> {
    sqlx::query_as!(
        Open,
        r#"
        select id, address, replaced_at, now() as "now!" from email_replacements
        where user_id = $1 and closed_at is null and replaced_at > now() - interval '10 days' order by replaced_at desc
        "#,
        user_id as UserId,
    )
    .fetch_all(connection)
    .await
}

/// Ends the undo of these replacements, so that their links no longer work.
pub async fn close(connection: &mut PgConnection, user_id: UserId, ids: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query!(
        "update email_replacements set closed_at = now() where user_id = $1 and id = any($2) and closed_at is null",
        user_id as UserId,
        ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes addresses that no link can bring back any more, and returns how many. An email is tried for three days, and
/// its link works for seven.
pub async fn delete_expired(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "delete from email_replacements where ctid = any(array(
            select ctid from email_replacements where replaced_at < now() - interval '14 days'
            order by replaced_at limit 1000 for update skip locked))"
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// An address that the account had before, as its owner downloads it.
#[derive(Debug, Serialize)]
pub struct FormerAddress {
    /// The address.
    pub address: String,
    /// When it was replaced.
    pub replaced_at: ExportedTime,
    /// Since when it cannot be brought back.
    pub beyond_return_since: ExportedTime,
}

/// Lists the addresses that the account had before, the newest first.
pub async fn export(connection: &mut PgConnection, id: UserId, limit: i64) -> sqlx::Result<Vec<FormerAddress>> {
    sqlx::query_as!(
        FormerAddress,
        "select address, replaced_at, closed_at as beyond_return_since from email_replacements where user_id = $1
        order by replaced_at desc limit $2",
        id as UserId,
        limit,
    )
    .fetch_all(connection)
    .await
}
