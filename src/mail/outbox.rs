//! The outbox: the rows of queued emails. Replicas share it: each claims rows that no other has claimed.

use std::time::Duration;

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Kind, NewEmail, QueuedEmail};
use crate::types::{UserId, random_uuid};

/// Queues an email, in the transaction of the event it reports.
pub async fn enqueue(connection: &mut PgConnection, email: &NewEmail<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into outbox (id, kind, user_id, address, language, detail, due_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7), now() + make_interval(secs => $8))
        "#,
        random_uuid(),
        email.kind.code,
        email.user_id as Option<UserId>,
        email.address,
        email.lang.code(),
        email.detail,
        email.kind.delay().as_secs_f64(),
        email.kind.worth_sending_for.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Claims due emails for the duration of `lease`, longest waiting first; afterwards, a dead replica's emails are due
/// again. Skips kinds that this version does not know. New emails are due `earlier` than their stored time.
pub async fn claim(
    connection: &mut PgConnection,
    known: &[String],
    most: usize,
    lease: Duration,
    earlier: Duration,
) -> sqlx::Result<Vec<QueuedEmail>> {
    sqlx::query_as!(
        QueuedEmail,
        r#"
        with due as materialized (
            -- No retry is hours away: a clock was ahead.
            select id from outbox
            where (due_at <= now() + make_interval(secs => $4) and (attempts = 0 or due_at <= now())
                    or due_at > now() + interval '2 hours')
                and expires_at > now() and kind = any($3)
            order by due_at limit $1 for update skip locked
        )
        update outbox o set due_at = now() + make_interval(secs => $2), attempts = attempts + 1
        from due where o.id = due.id
        returning o.id, o.kind, o.user_id as "user_id: UserId", o.address, o.language as lang, o.detail, o.attempts
        "#,
        i64::try_from(most).unwrap_or(i64::MAX),
        lease.as_secs_f64(),
        known,
        earlier.as_secs_f64(),
    )
    .fetch_all(connection)
    .await
}

/// Deletes an email that was sent or given up; does nothing if another worker has claimed it since.
pub async fn remove(connection: &mut PgConnection, email: &QueuedEmail) -> sqlx::Result<()> {
    sqlx::query!("delete from outbox where id = $1 and attempts = $2", email.id, email.attempts)
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns whether an email is still this worker's: it was neither taken back nor claimed by another worker.
pub async fn is_claimed(connection: &mut PgConnection, email: &QueuedEmail) -> sqlx::Result<bool> {
    let row = sqlx::query_scalar!(
        r#"select true as "claimed!" from outbox where id = $1 and attempts = $2"#,
        email.id,
        email.attempts,
    );
    Ok(row.fetch_optional(connection).await?.is_some())
}

/// Deletes queued emails of these kinds about an account, when they are obsolete. The caller holds the account's lock,
/// so that an email that is about to be rendered is not sent either.
pub async fn take_back(connection: &mut PgConnection, user_id: UserId, kinds: &[&Kind]) -> sqlx::Result<()> {
    let codes: Vec<String> = kinds.iter().map(|kind| kind.code.to_owned()).collect();
    sqlx::query!("delete from outbox where user_id = $1 and kind = any($2)", user_id as UserId, &codes)
        .execute(connection)
        .await?;
    Ok(())
}

/// Reschedules an email; does nothing if another worker has claimed it since.
pub async fn postpone(connection: &mut PgConnection, email: &QueuedEmail, by: Duration) -> sqlx::Result<()> {
    sqlx::query!(
        "update outbox set due_at = now() + make_interval(secs => $3) where id = $1 and attempts = $2",
        email.id,
        email.attempts,
        by.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes a batch of expired emails and returns them.
pub async fn drop_expired(connection: &mut PgConnection) -> sqlx::Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!(
        r#"
        delete from outbox where id in (
            select id from outbox where expires_at <= now() limit 1000 for update skip locked
        )
        returning id, kind
        "#
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.kind)).collect())
}

/// Counts queued emails, up to `most`.
pub async fn count(connection: &mut PgConnection, most: u64) -> sqlx::Result<u64> {
    let counted = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select from outbox limit $1) as waiting"#,
        i64::try_from(most).unwrap_or(i64::MAX),
    )
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(counted).unwrap_or(0))
}

/// Deletes emails requested under these names, for an account that is erased.
pub async fn forget(connection: &mut PgConnection, names: &[String]) -> sqlx::Result<()> {
    sqlx::query!("delete from outbox where user_id is null and lower(address) = any($1)", names)
        .execute(connection)
        .await?;
    Ok(())
}
