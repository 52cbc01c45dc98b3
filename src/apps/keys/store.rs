//! SQL of `signing_keys`. Times are of the database, which judges them.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{SigningAlgorithm, model::Stored};

/// The advisory lock for changing which keys there are, across replicas.
const CHANGES: i64 = 0x6b65_7973;

/// A key to store.
pub(super) struct NewKey {
    pub(super) id: Uuid,
    pub(super) kid: String,
    pub(super) alg: SigningAlgorithm,
    pub(super) sealed: Vec<u8>,
    pub(super) public_jwk: Value,
}

/// Lists the keys that are published.
pub(super) async fn list(connection: &mut PgConnection) -> sqlx::Result<Vec<Stored>> {
    sqlx::query_as!(
        Stored,
        r#"
        select id, kid, alg as "alg: SigningAlgorithm", sealed, public_jwk, signs_from, signs_until, published_until,
            statement_timestamp() as "now!"
        from signing_keys where published_until > statement_timestamp()
        order by published_until, id
        "#
    )
    .fetch_all(connection)
    .await
}

/// Lists the algorithms that apps need keys for. A service needs one only for JWT access tokens.
pub(super) async fn needed(connection: &mut PgConnection) -> sqlx::Result<Vec<SigningAlgorithm>> {
    sqlx::query_scalar!(
        r#"
        select distinct id_token_alg as "alg: SigningAlgorithm" from apps
        where disabled_at is null and (kind in ('web', 'public', 'document') or access_format = 'jwt')
        "#
    )
    .fetch_all(connection)
    .await
}

/// Waits until nobody else creates, rotates or retires a key. Reading goes on.
pub(super) async fn lock(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock($1) as "held!: ()""#, CHANGES).fetch_one(connection).await?;
    Ok(())
}

/// The database's time. In a transaction that waited for the lock, `now()` would be before what the holder did.
pub(super) async fn now(connection: &mut PgConnection) -> sqlx::Result<OffsetDateTime> {
    sqlx::query_scalar!(r#"select statement_timestamp() as "now!""#).fetch_one(connection).await
}

/// Stores a key that signs from then on.
pub(super) async fn insert(
    connection: &mut PgConnection,
    key: &NewKey,
    signs_from: OffsetDateTime,
    signs_for: Duration,
    afterwards: Duration,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into signing_keys (id, kid, alg, sealed, public_jwk, signs_from, signs_until, published_until)
        values ($1, $2, $3, $4, $5, $6, $6::timestamptz + make_interval(secs => $7), $6 + make_interval(secs => $7 + $8))
        "#,
        key.id,
        key.kid,
        key.alg as SigningAlgorithm,
        key.sealed,
        key.public_jwk,
        signs_from,
        signs_for.as_secs_f64(),
        afterwards.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Has a key stop signing at that time.
pub(super) async fn stop_at(
    connection: &mut PgConnection,
    id: Uuid,
    at: OffsetDateTime,
    afterwards: Duration,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update signing_keys set signs_until = $2, published_until = $2::timestamptz + make_interval(secs => $3) where id = $1",
        id,
        at,
        afterwards.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Has a waiting key sign at once.
pub(super) async fn begin_now(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("update signing_keys set signs_from = statement_timestamp() where id = $1 and signs_from > statement_timestamp()", id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes a key.
pub(super) async fn delete(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from signing_keys where id = $1", id).execute(connection).await?;
    Ok(())
}

/// Stores a re-encrypted key. Returns `false` if another replica has replaced it.
pub(super) async fn replace_sealed(
    connection: &mut PgConnection,
    id: Uuid,
    sealed: &[u8],
    resealed: &[u8],
) -> sqlx::Result<bool> {
    let done = sqlx::query!("update signing_keys set sealed = $3 where id = $1 and sealed = $2", id, sealed, resealed)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Returns the heads of the sealed keys that are published.
pub(super) async fn heads(connection: &mut PgConnection) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!(
        r#"select distinct substring(sealed from 1 for 5) as "head!" from signing_keys where published_until > now()"#
    )
    .fetch_all(connection)
    .await
}

/// Deletes keys that are not published any more.
pub(super) async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from signing_keys where id in (
            select id from signing_keys where published_until <= now()
            order by published_until limit 1000 for update skip locked
        )
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
