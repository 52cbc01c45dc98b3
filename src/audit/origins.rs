//! Erases the origins of a deleted account's events. The events stay, and stay verifiable.
//!
//! An account may have a million events, and deleting it must not take long. The newest lose their origin in the
//! transaction that deletes it ([`forget_origins`]), the others in the background ([`forget_due`]).

use sqlx::{Connection as _, PgConnection};

use crate::types::UserId;

/// Maximum number of events erased in the foreground.
const FOREGROUND_MAX: i64 = 1000;
/// Maximum number of events scanned by one background transaction.
const BACKGROUND_MAX: i64 = 5000;

/// Erases addresses and user agents of the newest events of accounts, in the transaction that deletes them. Queues the
/// others for [`forget_due`]. While an account exists, [`super::verify()`] reports an erased origin as a fault.
///
/// # Errors
/// Database errors; also outside of a transaction, because the audit log is read-only then.
pub async fn forget_origins(connection: &mut PgConnection, user_ids: &[UserId]) -> sqlx::Result<()> {
    if user_ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into audit_origins_due (account_id) select unnest($1::uuid[]) on conflict do nothing",
        user_ids as &[UserId],
    )
    .execute(&mut *connection)
    .await?;
    allow(&mut *connection, "forget").await?;
    let each = FOREGROUND_MAX / i64::try_from(user_ids.len()).unwrap_or(FOREGROUND_MAX);
    sqlx::query!(
        r#"
        update audit_events set address = null, user_agent = null
        where seq = any(array(
            select newest.seq from unnest($1::uuid[]) as gone (id)
            cross join lateral (
                select seq, address is not null or user_agent is not null as tells
                from audit_events where user_id = gone.id order by seq desc limit $2
            ) newest
            where newest.tells
        ))
        "#,
        user_ids as &[UserId],
        each.max(1),
    )
    .execute(&mut *connection)
    .await?;
    allow(connection, "").await
}

/// Erases the origins of one batch of a deleted account's events. Repeats after an hour, for events committed late.
/// Returns the number of accounts processed: one, or zero if none is due.
pub async fn forget_due(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let mut transaction = connection.begin().await?;
    let due = sqlx::query!(
        r#"
        select account_id, below, looked_through from audit_origins_due
        where due_at <= now() and not exists (select 1 from users u where u.id = account_id)
        order by due_at limit 1 for update skip locked
        "#
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(due) = due else { return Ok(0) };
    allow(&mut transaction, "forget").await?;
    let lowest = sqlx::query_scalar!(
        r#"
        with looked_at as materialized (
            select seq, address is not null or user_agent is not null as tells
            from audit_events where user_id = $1 and seq < $2 order by seq desc limit $3
        ), forgotten as (
            update audit_events set address = null, user_agent = null
            where seq = any(array(select seq from looked_at where tells))
        )
        select min(seq) from looked_at
        "#,
        due.account_id,
        due.below,
        BACKGROUND_MAX,
    )
    .fetch_one(&mut *transaction)
    .await?;
    if lowest.is_none() && due.looked_through {
        sqlx::query!("delete from audit_origins_due where account_id = $1", due.account_id)
            .execute(&mut *transaction)
            .await?;
    } else {
        sqlx::query!(
            r#"
            update audit_origins_due
            set below = coalesce($2::bigint, 9223372036854775807), looked_through = looked_through or $2 is null,
                due_at = case when $2 is null then now() + interval '1 hour' else due_at end
            where account_id = $1
            "#,
            due.account_id,
            lowest,
        )
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(1)
}

/// Tells the triggers which change this transaction may make.
pub(super) async fn allow(connection: &mut PgConnection, what: &str) -> sqlx::Result<()> {
    sqlx::query!("select set_config('vestibule.audit', $1, true)", what).fetch_one(connection).await.map(drop)
}
