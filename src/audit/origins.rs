//! Forgetting where the events of an account that is gone came from. The events stay, and so does their proof.
//!
//! An account may have left a million of them, and somebody may be waiting for it to go: the newest lose their
//! origin in the transaction that removes it ([`forget_origins`]), the rest a little later ([`forget_due`]).

use sqlx::{Connection as _, PgConnection};

use crate::types::UserId;

/// How many events lose their origin while somebody waits.
const AT_ONCE: i64 = 1000;
/// How many are looked at in one transaction when nobody does.
const IN_TURN: i64 = 5000;

/// Takes addresses and user agents out of the newest events of accounts, in the transaction that removes them,
/// and has [`forget_due`] see to all others. While an account is there, [`super::verify()`] counts a missing
/// origin as a fault.
///
/// # Errors
/// The database's; outside of a transaction, that the trail may not be changed.
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
    let each = AT_ONCE / i64::try_from(user_ids.len()).unwrap_or(AT_ONCE);
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

/// Looks at some more events of one account that is gone, and forgets where they came from; an hour later again,
/// for those that others had not committed yet. Tells how many accounts it saw to: one, or none when none is due.
///
/// # Errors
/// Only the database's.
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
        IN_TURN,
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

/// Says to the triggers what this transaction is about to do.
pub(super) async fn allow(connection: &mut PgConnection, what: &str) -> sqlx::Result<()> {
    sqlx::query!("select set_config('vestibule.audit', $1, true)", what).fetch_one(connection).await.map(drop)
}
