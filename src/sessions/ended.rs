//! Deletion of expired and revoked sessions.

use sqlx::PgConnection;

use crate::types::UserId;

/// Deletes sessions that ended more than an hour ago, with their rows in the session store. Returns how many.
///
/// An hour is longer than any request in progress. The audit log keeps the history, so the rows have no further use,
/// and frequent sign-ins leave few behind.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let gone = sqlx::query_scalar!(
        r#"
        with gone as (
            delete from sessions where ctid = any(array(
                select ctid from sessions
                where least(idle_ends_at, absolute_ends_at, revoked_at) < now() - interval '1 hour'
                order by least(idle_ends_at, absolute_ends_at, revoked_at) limit 1000 for update skip locked
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

/// Deletes a batch of sessions of accounts that are being deleted, with their rows in the session store. Returns how
/// many; zero when none is left.
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

/// Deletes expired rows of the session store, by the database's clock. The store's own `delete_expired` compares
/// timestamps with and without time zone, and is wrong by the server's offset. Rows without an explicit expiry get two
/// weeks from the store; those of live sessions stay. Rows of ended sessions are deleted by [`sweep`].
pub async fn sweep_store(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from tower_sessions.session where ctid = any(array(
            select t.ctid from tower_sessions.session t
            where t.expiry_date < now() and coalesce((
                -- A question for each row, which has an index, and not a join of both tables.
                select least(s.idle_ends_at, s.absolute_ends_at, s.revoked_at) <= now()
                from sessions s where s.store_id = t.id
            ), true)
            order by t.expiry_date limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
