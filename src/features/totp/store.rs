//! SQL for authenticator apps.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    accounts::ListedFactor,
    crypto::sealing::HEAD,
    types::{Label, SessionId, UserId},
};

/// An encrypted seed, with the time by PostgreSQL's clock, which all replicas share.
#[derive(Debug)]
pub struct Sealed {
    pub id: Uuid,
    /// The account that it was encrypted for.
    pub user_id: UserId,
    pub seed: Vec<u8>,
    /// The newest time step whose code was used.
    pub last_step: i64,
    /// PostgreSQL's time, in seconds since 1970.
    pub now: i64,
}

/// Lists the confirmed apps of an account, the oldest first.
pub async fn list(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<ListedFactor>> {
    sqlx::query_as!(
        ListedFactor,
        r#"select id, name, confirmed_at as "created_at!", last_used_at, false as "synced!", true as "saved!"
        from totp_factors
        where user_id = $1 and confirmed_at is not null order by confirmed_at, id"#,
        user_id as UserId,
    )
    .fetch_all(connection)
    .await
}

/// Finds the app that a session is setting up, for an hour after it began.
pub async fn unconfirmed(
    connection: &mut PgConnection,
    user_id: UserId,
    session_id: SessionId,
) -> sqlx::Result<Option<Sealed>> {
    sqlx::query_as!(
        Sealed,
        r#"
        select id, user_id as "user_id: UserId", seed, last_step, extract(epoch from now())::int8 as "now!"
        from totp_factors
        where session_id = $2 and user_id = $1 and confirmed_at is null and created_at > now() - interval '1 hour'
        "#,
        user_id as UserId,
        session_id as SessionId,
    )
    .fetch_optional(connection)
    .await
}

/// Stores the seed that a session sets up, replacing that session's earlier one. Keeps the newest `kept` unconfirmed
/// seeds of the account.
pub async fn enrol(
    connection: &mut PgConnection,
    user_id: UserId,
    session_id: SessionId,
    (id, seed): (Uuid, &[u8]),
    kept: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        delete from totp_factors where id in (
            (select id from totp_factors where user_id = $1 and confirmed_at is null and session_id is distinct from $2
             order by created_at desc, id offset $3)
            union all
            (select id from totp_factors where session_id = $2 and confirmed_at is null)
        )
        "#,
        user_id as UserId,
        session_id as SessionId,
        kept - 1,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into totp_factors (id, user_id, name, seed, session_id) values ($1, $2, '-', $3, $4)",
        id,
        user_id as UserId,
        seed,
        session_id as SessionId,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Confirms a session's app and spends the time step of its code. Returns `false` if the session has no such
/// unconfirmed app.
pub async fn confirm(
    connection: &mut PgConnection,
    session_id: SessionId,
    (id, step): (Uuid, i64),
    name: &Label,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update totp_factors set confirmed_at = now(), name = $3, last_step = $4, session_id = null
        where id = $1 and session_id = $2 and confirmed_at is null and created_at > now() - interval '1 hour'",
        id,
        session_id as SessionId,
        name.as_str(),
        step,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lists the encrypted seeds of an account's confirmed apps.
pub async fn sealed(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<Sealed>> {
    sqlx::query_as!(
        Sealed,
        r#"
        select id, user_id as "user_id: UserId", seed, last_step, extract(epoch from now())::int8 as "now!"
        from totp_factors where user_id = $1 and confirmed_at is not null
        order by last_used_at desc nulls last, id
        "#,
        user_id as UserId,
    )
    .fetch_all(connection)
    .await
}

/// Spends the code of one time step. Only one of several concurrent uses succeeds, and no older step works afterwards.
/// Locks the account first, like every change of an account.
pub async fn spend(connection: &mut PgConnection, user_id: UserId, (id, step): (Uuid, i64)) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        with account as (select id from users where id = $1 for no key update)
        update totp_factors t set last_step = $3, last_used_at = now()
        from account where t.user_id = account.id and t.id = $2 and t.confirmed_at is not null and t.last_step < $3
        "#,
        user_id as UserId,
        id,
        step,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Renames an app. Returns `false` if the account has none with this id.
pub async fn rename(connection: &mut PgConnection, user_id: UserId, id: Uuid, name: &Label) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update totp_factors set name = $3 where user_id = $1 and id = $2 and confirmed_at is not null",
        user_id as UserId,
        id,
        name.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes an app. Returns `false` if the account has none with this id.
pub async fn remove(connection: &mut PgConnection, user_id: UserId, id: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from totp_factors where user_id = $1 and id = $2 and confirmed_at is not null",
        user_id as UserId,
        id,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes the confirmed apps of an account, all or those confirmed since a time, and returns how many. Also deletes
/// all unconfirmed ones.
pub async fn delete(
    connection: &mut PgConnection,
    user_id: UserId,
    since: Option<OffsetDateTime>,
) -> sqlx::Result<u64> {
    let confirmed = sqlx::query_scalar!(
        r#"
        with deleted as (
            delete from totp_factors
            where user_id = $1 and ($2::timestamptz is null or coalesce(confirmed_at, now()) >= $2)
            returning confirmed_at
        )
        select count(confirmed_at) as "confirmed!" from deleted
        "#,
        user_id as UserId,
        since,
    )
    .fetch_one(connection)
    .await?;
    Ok(confirmed.unsigned_abs())
}

/// Deletes seeds that were not confirmed within an hour, and returns how many.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "delete from totp_factors where ctid = any(array(
            select ctid from totp_factors where confirmed_at is null and created_at < now() - interval '1 hour'
            order by created_at limit 1000 for update skip locked))"
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Returns the distinct headers of all seeds, with one index lookup per key, however many seeds there are.
pub async fn heads(connection: &mut PgConnection) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!(
        r#"
        with recursive heads as (
            (select substring(seed from 1 for 5) as head from totp_factors where confirmed_at is not null
             order by substring(seed from 1 for 5), id limit 1)
            union all
            select (
                select substring(seed from 1 for 5) from totp_factors
                where confirmed_at is not null and substring(seed from 1 for 5) > heads.head
                order by substring(seed from 1 for 5), id limit 1
            ) from heads where heads.head is not null
        )
        select head as "head!" from heads where head is not null
        "#
    )
    .fetch_all(connection)
    .await
}

/// Lists up to 200 seeds with this header whose id is greater than `after`.
pub async fn with_head(connection: &mut PgConnection, head: [u8; HEAD], after: Uuid) -> sqlx::Result<Vec<Sealed>> {
    sqlx::query_as!(
        Sealed,
        r#"
        select id, user_id as "user_id: UserId", seed, last_step, extract(epoch from now())::int8 as "now!"
        from totp_factors
        where confirmed_at is not null and substring(seed from 1 for 5) = $1 and id > $2
        order by id limit 200
        "#,
        head.as_slice(),
        after,
    )
    .fetch_all(connection)
    .await
}

/// Stores a re-encrypted seed. Returns `false` if another replica has re-encrypted it.
pub async fn replace_seed(connection: &mut PgConnection, sealed: &Sealed, resealed: &[u8]) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("update totp_factors set seed = $3 where id = $1 and seed = $2", sealed.id, sealed.seed, resealed)
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}
