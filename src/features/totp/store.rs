//! The rows of authenticator apps.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::{
    crypto::sealing::HEAD,
    types::{DisplayName, SessionId, TotpId, UserId},
};

/// An authenticator app as its owner sees it.
#[derive(Clone, Debug)]
pub struct ListedTotp {
    /// Names it in forms.
    pub id: TotpId,
    /// What its owner calls it.
    pub name: String,
    /// Since when it is there.
    pub created_at: OffsetDateTime,
    /// When a code of it was last taken.
    pub last_used_at: Option<OffsetDateTime>,
}

/// A sealed seed, and what time it is: by PostgreSQL's clock, which is one for all replicas.
#[derive(Debug)]
pub(super) struct Sealed {
    pub id: TotpId,
    pub seed: Vec<u8>,
    /// The newest time step whose code was taken.
    pub last_step: i64,
    /// Seconds since 1970.
    pub now: i64,
}

/// The apps of an account whose code was shown once, the oldest first.
///
/// # Errors
/// Only the database's.
pub async fn list(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<ListedTotp>> {
    sqlx::query_as!(
        ListedTotp,
        r#"
        select id as "id: TotpId", name, coalesce(confirmed_at, created_at) as "created_at!", last_used_at
        from totp_factors where user_id = $1 and confirmed_at is not null
        order by confirmed_at, id
        "#,
        user_id as UserId,
    )
    .fetch_all(connection)
    .await
}

/// One of them; another account's is not there.
pub(super) async fn find(
    connection: &mut PgConnection,
    user_id: UserId,
    id: TotpId,
) -> sqlx::Result<Option<ListedTotp>> {
    sqlx::query_as!(
        ListedTotp,
        r#"
        select id as "id: TotpId", name, coalesce(confirmed_at, created_at) as "created_at!", last_used_at
        from totp_factors where user_id = $1 and id = $2 and confirmed_at is not null
        "#,
        user_id as UserId,
        id as TotpId,
    )
    .fetch_optional(connection)
    .await
}

/// What is being set up in a session, for an hour.
pub(super) async fn enrolment(
    connection: &mut PgConnection,
    user_id: UserId,
    session_id: SessionId,
) -> sqlx::Result<Option<Sealed>> {
    sqlx::query_as!(
        Sealed,
        r#"
        select id as "id: TotpId", seed, last_step, extract(epoch from now())::int8 as "now!"
        from totp_factors
        where session_id = $2 and user_id = $1 and confirmed_at is null and created_at > now() - interval '1 hour'
        "#,
        user_id as UserId,
        session_id as SessionId,
    )
    .fetch_optional(connection)
    .await
}

/// Keeps what a session sets up, in place of what it had; of others of the account the newest few stay.
pub(super) async fn enrol(
    connection: &mut PgConnection,
    user_id: UserId,
    session_id: SessionId,
    (id, seed): (TotpId, &[u8]),
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
        id as TotpId,
        user_id as UserId,
        seed,
        session_id as SessionId,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes a factor of what a session set up, and tells whether it did. The step whose code showed it is used.
pub(super) async fn confirm(
    connection: &mut PgConnection,
    session_id: SessionId,
    (id, step): (TotpId, i64),
    name: &DisplayName,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update totp_factors set confirmed_at = now(), name = $3, last_step = $4, session_id = null
        where id = $1 and session_id = $2 and confirmed_at is null and created_at > now() - interval '1 hour'
        "#,
        id as TotpId,
        session_id as SessionId,
        name.as_str(),
        step,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The sealed seeds of an account.
pub(super) async fn sealed(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<Sealed>> {
    sqlx::query_as!(
        Sealed,
        r#"
        select id as "id: TotpId", seed, last_step, extract(epoch from now())::int8 as "now!"
        from totp_factors where user_id = $1 and confirmed_at is not null
        order by last_used_at desc nulls last, id
        "#,
        user_id as UserId,
    )
    .fetch_all(connection)
    .await
}

/// Uses the code of one time step up: of any number at once, one gets it, and none of an older step. Holds
/// the account first, as everything does that changes it.
pub(super) async fn use_up(
    connection: &mut PgConnection,
    user_id: UserId,
    (id, step): (TotpId, i64),
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        with account as (select id from users where id = $1 for no key update)
        update totp_factors t set last_step = $3, last_used_at = now()
        from account where t.user_id = account.id and t.id = $2 and t.confirmed_at is not null and t.last_step < $3
        "#,
        user_id as UserId,
        id as TotpId,
        step,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives one another name, and tells whether it is there.
pub(super) async fn rename(
    connection: &mut PgConnection,
    user_id: UserId,
    id: TotpId,
    name: &DisplayName,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update totp_factors set name = $3 where user_id = $1 and id = $2 and confirmed_at is not null",
        user_id as UserId,
        id as TotpId,
        name.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes one, and tells whether it was there.
pub(super) async fn remove(connection: &mut PgConnection, user_id: UserId, id: TotpId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from totp_factors where user_id = $1 and id = $2 and confirmed_at is not null",
        user_id as UserId,
        id as TotpId,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes what was never confirmed, an hour after it began, and tells how many.
///
/// # Errors
/// Only the database's.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from totp_factors where ctid = any(array(
            select ctid from totp_factors where confirmed_at is null and created_at < now() - interval '1 hour'
            order by created_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// The heads of all sealed seeds, each once: one look into the index for each key, however many seeds.
pub(super) async fn heads(connection: &mut PgConnection) -> sqlx::Result<Vec<Vec<u8>>> {
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

/// A sealed seed with the account that it was sealed for.
#[derive(Debug)]
pub(super) struct Kept {
    pub id: TotpId,
    pub user_id: UserId,
    pub seed: Vec<u8>,
}

/// Some of the seeds with this head, after that one.
pub(super) async fn with_head(
    connection: &mut PgConnection,
    head: [u8; HEAD],
    after: TotpId,
) -> sqlx::Result<Vec<Kept>> {
    sqlx::query_as!(
        Kept,
        r#"
        select id as "id: TotpId", user_id as "user_id: UserId", seed from totp_factors
        where confirmed_at is not null and substring(seed from 1 for 5) = $1 and id > $2
        order by id limit 200
        "#,
        head.as_slice(),
        after as TotpId,
    )
    .fetch_all(connection)
    .await
}

/// Puts a seed in place of itself, sealed anew. One that another replica was faster with stays.
pub(super) async fn replace_seed(connection: &mut PgConnection, kept: &Kept, sealed: &[u8]) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update totp_factors set seed = $3 where id = $1 and seed = $2",
        kept.id as TotpId,
        kept.seed,
        sealed,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
