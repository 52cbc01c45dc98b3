//! Sessions that have ended.

use sqlx::PgConnection;

use crate::types::UserId;

/// Removes sessions that ended more than an hour ago, with what the browser session store has of them, and
/// tells how many.
///
/// An hour is longer than any request that still speaks of one. What happened to them is in the audit
/// trail, so nothing is learned from keeping the rows, and who signs in and out all day leaves few.
///
/// # Errors
/// Only the database's.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let gone = sqlx::query_scalar!(
        r#"
        with gone as (
            delete from sessions where ctid = any(array(
                select ctid from sessions
                where least(idle_ends_at, absolute_ends_at, revoked_at) < now() - interval '1 hour'
                order by least(idle_ends_at, absolute_ends_at, revoked_at)
                limit 1000 for update skip locked
            ))
            returning store_id
        ), stored as (
            delete from tower_sessions.session where id = any(array(select store_id collate "default" from gone))
        )
        select count(*) as "gone!" from gone
        "#
    )
    .fetch_one(connection)
    .await?;
    Ok(gone.unsigned_abs())
}

/// Removes some sessions of accounts that are about to go, in their transaction, with what the browser session
/// store has of them, and tells how many: none when none is left.
///
/// # Errors
/// Only the database's.
pub async fn remove_some_of(connection: &mut PgConnection, user_ids: &[UserId]) -> sqlx::Result<u64> {
    let gone = sqlx::query_scalar!(
        r#"
        with gone as (
            delete from sessions where ctid = any(array(
                select ctid from sessions where user_id = any($1) limit 1000 for update
            ))
            returning store_id
        ), stored as (
            delete from tower_sessions.session where id = any(array(select store_id collate "default" from gone))
        )
        select count(*) as "gone!" from gone
        "#,
        user_ids as &[UserId],
    )
    .fetch_one(connection)
    .await?;
    Ok(gone.unsigned_abs())
}
