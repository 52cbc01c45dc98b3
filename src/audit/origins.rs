//! Forgetting where an erased account's events came from. The events stay, and so does their proof.

use sqlx::{Connection as _, PgConnection};

use crate::types::UserId;

/// How many events lose their origin in one statement, so that none takes long.
const AT_ONCE: i64 = 5000;

/// Takes addresses and user agents out of an account's events, in the transaction that erases it. While
/// the account is there, [`super::verify()`] counts a missing origin as a fault.
///
/// # Errors
/// The database's; outside of a transaction, that the trail may not be changed.
pub async fn forget_origin(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<u64> {
    let mut forgotten = 0;
    loop {
        let some = forget_some(connection, user_id).await?;
        forgotten += some;
        if some == 0 {
            return Ok(forgotten);
        }
    }
}

async fn forget_some(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<u64> {
    allow(&mut *connection, "forget").await?;
    let done = sqlx::query!(
        r#"
        update audit_events set address = null, user_agent = null
        where seq = any(array(
            select seq from audit_events
            where user_id = $1 and (address is not null or user_agent is not null)
            order by seq desc limit $2
        ))
        "#,
        user_id as UserId,
        AT_ONCE,
    )
    .execute(&mut *connection)
    .await?;
    allow(connection, "").await?;
    Ok(done.rows_affected())
}

/// The same for events that were written in the very moment of an erasure, and committed after it: of
/// the last hour, so that it costs little however often it is done.
///
/// # Errors
/// Only the database's.
pub async fn forget_strays(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let mut transaction = connection.begin().await?;
    allow(&mut transaction, "forget").await?;
    let done = sqlx::query!(
        r#"
        update audit_events e set address = null, user_agent = null
        where e.at > now() - interval '1 hour' and e.user_id is not null
            and (e.address is not null or e.user_agent is not null)
            and not exists (select 1 from users u where u.id = e.user_id)
        "#
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
}

/// Says to the triggers what this transaction is about to do.
pub(super) async fn allow(connection: &mut PgConnection, what: &str) -> sqlx::Result<()> {
    sqlx::query!("select set_config('vestibule.audit', $1, true)", what).fetch_one(connection).await.map(drop)
}
