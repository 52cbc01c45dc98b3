//! SQL of `logout_deliveries`, whose rows a trigger inserts. Several workers share them: each claims rows that no other
//! holds.

use std::time::Duration;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{apps::SigningAlgorithm, types::UserId};

/// A logout token to deliver, claimed by this worker.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The row: `jti` of the token, the same each time.
    pub id: Uuid,
    /// The app.
    pub client_id: String,
    /// Its logout address.
    pub uri: String,
    /// How its tokens are signed.
    pub alg: SigningAlgorithm,
    /// Who signed out.
    pub user_id: UserId,
    /// Of which session.
    pub sid: Uuid,
    /// How often it was tried, with this time.
    pub tries: i32,
    /// How long ago the session ended, in seconds.
    pub age: f64,
    /// The database's time, in seconds since 1970.
    pub now: i64,
}

/// Claims deliveries that are due for the duration of `lease`, longest waiting first; after it, those of a dead worker
/// are due again.
pub async fn claim(connection: &mut PgConnection, most: usize, lease: Duration) -> sqlx::Result<Vec<Delivery>> {
    sqlx::query_as!(
        Delivery,
        r#"
        with due as materialized (
            -- No retry is hours away: a clock was ahead.
            select d.id from logout_deliveries d join apps a on a.id = d.app_id
            where (d.due_at <= now() or d.due_at > now() + interval '2 hours') and a.backchannel_uri is not null
            order by d.due_at limit $1 for update of d skip locked
        )
        update logout_deliveries d set due_at = now() + make_interval(secs => $2), tries = d.tries + 1
        from due, apps a where d.id = due.id and a.id = d.app_id
        returning d.id, a.client_id, a.backchannel_uri as "uri!", a.id_token_alg as "alg: SigningAlgorithm",
            d.user_id as "user_id: UserId", d.sid, d.tries, extract(epoch from now() - d.created_at)::float8 as "age!",
            extract(epoch from now())::int8 as "now!"
        "#,
        i64::try_from(most).unwrap_or(i64::MAX),
        lease.as_secs_f64(),
    )
    .fetch_all(connection)
    .await
}

/// Deletes a delivery that was made or given up; does nothing if another worker has claimed it since.
pub async fn remove(connection: &mut PgConnection, delivery: &Delivery) -> sqlx::Result<()> {
    sqlx::query!("delete from logout_deliveries where id = $1 and tries = $2", delivery.id, delivery.tries)
        .execute(connection)
        .await?;
    Ok(())
}

/// Reschedules a delivery; does nothing if another worker has claimed it since.
pub async fn postpone(connection: &mut PgConnection, delivery: &Delivery, by: Duration) -> sqlx::Result<()> {
    sqlx::query!(
        "update logout_deliveries set due_at = now() + make_interval(secs => $3) where id = $1 and tries = $2",
        delivery.id,
        delivery.tries,
        by.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes deliveries that nobody claimed for a day: their app has no address any more.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from logout_deliveries where id in (
            select id from logout_deliveries where due_at <= now() - interval '1 day'
            order by due_at limit 1000 for update skip locked
        )
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
