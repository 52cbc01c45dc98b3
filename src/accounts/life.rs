//! Changes to an account, from sign-up to deletion. Each function is one step in a use case's transaction, which also
//! records audit events and queues emails.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::links::{self, Purpose};
use crate::{
    audit,
    mail::{Kind, outbox},
    types::{DisplayName, Email, Lang, UserId},
};

/// The unique index on verified addresses; see [`crate::db::is_taken`].
pub const EMAIL_UNIQUE: &str = "users_email_verified_unique";

/// Locks an account until the end of the transaction. Returns whether it exists. Must precede the locks on links,
/// sessions and limits.
pub async fn lock(connection: &mut PgConnection, id: UserId) -> sqlx::Result<bool> {
    let locked =
        sqlx::query_scalar!(r#"select true as "held!" from users where id = $1 for no key update"#, id as UserId,)
            .fetch_optional(connection)
            .await?;
    Ok(locked.is_some())
}

/// Locks an address, then the account that is about to get it; see [`lock_own_address`].
pub async fn lock_with_address(connection: &mut PgConnection, id: UserId, email: &Email) -> sqlx::Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock(hashtextextended($1, 0)) as "held!: ()""#, email.canonical())
        .fetch_one(&mut *connection)
        .await?;
    lock(connection, id).await.map(drop)
}

/// Locks an account's address, then the account, until the end of the transaction. Must come first in its transaction.
/// So accounts with the same unverified address are verified one at a time, each deleting the others, without
/// deadlocks. The address takes a single lock, however many accounts share it.
pub async fn lock_own_address(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtextextended(email_canonical, 0)) as "held!: ()" from users where id = $1"#,
        id as UserId,
    )
    .fetch_optional(&mut *connection)
    .await?;
    lock(connection, id).await.map(drop)
}

/// Marks the account's address as verified.
///
/// # Errors
/// Database errors; a violation of [`EMAIL_UNIQUE`] if another account verified the address before.
pub async fn verify_email(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update users
        set email_verified_at = coalesce(email_verified_at, now()), verify_by = null, sign_up_browser = null
        where id = $1
        "#,
        id as UserId,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Maximum number of unverified accounts deleted at once. The others expire later and can no longer be verified.
const NAMESAKES_MAX: i64 = 200;
/// Maximum number of sessions of an unverified account that are deleted at once.
const SESSIONS_MAX: i64 = 100;

/// Deletes unverified accounts with this account's address and everything they own (pre-hijacking; Sudhodanan & Paverd
/// 2022), and erases the addresses and browsers in their audit events. An account that needs no verification stays,
/// because it may be in use. One with many sessions is disabled and left to the next sweep, so that an attacker cannot
/// make the owner wait.
pub async fn drop_unverified_namesakes(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    let gone = sqlx::query_scalar!(
        r#"
        with claims as materialized (
            select other.id, (
                select count(*) from (select 1 from sessions s where s.user_id = other.id limit $3::bigint + 1) few
            ) > $3::bigint as large
            from users other join users owner on other.email_canonical = owner.email_canonical
            where owner.id = $1 and owner.email_verified_at is not null and other.id <> owner.id
                and other.email_verified_at is null and other.verify_by is not null
            order by other.id limit $2 for update of other
        ), closed as (
            update users set disabled_at = coalesce(disabled_at, now()), verify_by = now() - interval '1 second'
            where id in (select id from claims where large)
        ), stored as (
            delete from tower_sessions.session where id = any(array(
                select store_id collate "default" from sessions
                where user_id = any(array(select id from claims where not large))
            ))
        )
        delete from users where id in (select id from claims where not large) returning id as "id: UserId"
        "#,
        id as UserId,
        NAMESAKES_MAX,
        SESSIONS_MAX,
    )
    .fetch_all(&mut *connection)
    .await?;
    audit::forget_origins(connection, &gone).await
}

/// Records that a factor or the address of an account changed: sign-ins that verified the old credentials fail. Pending
/// sign-ins and trusted browsers stay valid, because they proved the password, which did not change. Call it in the
/// transaction of the change, after [`lock`] and before locking sessions.
pub async fn credentials_changed(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with raised as (
            update users set credentials_version = credentials_version + 1 where id = $1 returning credentials_version
        ), waiting as (
            update pending_sign_ins p set credentials_version = raised.credentials_version from raised
            where p.user_id = $1 and p.used_at is null and p.credentials_version = raised.credentials_version - 1
        )
        update known_browsers b set trusted_version = raised.credentials_version from raised
        where b.user_id = $1 and b.trusted_version = raised.credentials_version - 1
        "#,
        id as UserId,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets the first or a new password of an account. Returns the new credentials version, or `None` if the current one
/// differs from `proven`. Invalidates everything that verified the old password.
pub async fn set_password(
    connection: &mut PgConnection,
    id: UserId,
    hash: &str,
    proven: Option<i64>,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        r#"
        with raised as (
            update users set credentials_version = credentials_version + 1
            where id = $1 and ($3::bigint is null or credentials_version = $3) returning credentials_version
        ), stored as (
            insert into password_credentials (user_id, password_hash) select $1, $2 from raised
            on conflict (user_id) do update set password_hash = excluded.password_hash, changed_at = clock_timestamp()
        )
        select credentials_version from raised
        "#,
        id as UserId,
        hash,
        proven,
    )
    .fetch_optional(connection)
    .await
}

/// Deletes an account's password, so that only recovery by email lets the owner in.
pub async fn drop_password(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with raised as (update users set credentials_version = credentials_version + 1 where id = $1)
        delete from password_credentials where user_id = $1
        "#,
        id as UserId,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets the display name and the language of an account.
pub async fn set_profile(
    connection: &mut PgConnection,
    id: UserId,
    display_name: Option<&DisplayName>,
    language: Option<Lang>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set display_name = $2, language = $3 where id = $1",
        id as UserId,
        display_name.map(DisplayName::as_str),
        language.map(Lang::code),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Replaces the address of an account with a verified one. Returns the old one.
///
/// # Errors
/// Database errors; a violation of [`EMAIL_UNIQUE`] if another account owns the address.
pub async fn replace_email(connection: &mut PgConnection, id: UserId, email: &Email) -> sqlx::Result<Option<String>> {
    let old = sqlx::query_scalar!(
        r#"
        with before as (select id, email from users where id = $1 for no key update)
        update users u
        set email = $2, email_canonical = $3, email_verified_at = now(), verify_by = null, sign_up_browser = null
        from before where u.id = before.id returning before.email
        "#,
        id as UserId,
        email.as_str(),
        email.canonical(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    credentials_changed(connection, id).await?;
    Ok(old)
}

/// Schedules the deletion of an account, unless it is scheduled already. Returns the due time.
pub async fn schedule_deletion(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!(
        r#"
        update users set deletion_due_at = coalesce(deletion_due_at, now() + interval '7 days') where id = $1
        returning deletion_due_at as "due!"
        "#,
        id as UserId,
    )
    .fetch_optional(connection)
    .await
}

/// The email to the owner of an account scheduled for deletion, with the link that cancels it. Its detail has
/// `reminder` if a sign-in caused it.
pub const DELETION_SCHEDULED: Kind = Kind::notice("deletion-scheduled");

/// Cancels an account's deletion, revokes its cancel links and removes the queued email. Returns whether a deletion was
/// scheduled.
pub async fn call_off_deletion(connection: &mut PgConnection, id: UserId) -> sqlx::Result<bool> {
    links::revoke(connection, id, &[Purpose::UndoDeletion]).await?;
    outbox::take_back(connection, id, &[&DELETION_SCHEDULED]).await?;
    let done = sqlx::query!(
        "update users set deletion_due_at = null where id = $1 and deletion_due_at is not null",
        id as UserId,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An account that is due for deletion.
#[derive(Clone, Debug)]
pub struct Due {
    /// The account.
    pub id: UserId,
    /// The username.
    pub username: String,
    /// The email address, for the last email.
    pub email: String,
    /// The owner's language, as stored.
    pub language: Option<String>,
}

/// Locks one account that is due for deletion and not locked elsewhere.
pub async fn take_due(connection: &mut PgConnection) -> sqlx::Result<Option<Due>> {
    sqlx::query_as!(
        Due,
        r#"
        select id as "id: UserId", username, email, language from users where deletion_due_at < now()
        order by deletion_due_at limit 1 for update skip locked
        "#
    )
    .fetch_optional(connection)
    .await
}

/// Deletes accounts with all dependent rows. Their sessions, which may be many, must be deleted first.
pub async fn remove(connection: &mut PgConnection, ids: &[UserId]) -> sqlx::Result<()> {
    sqlx::query!("delete from users where id = any($1)", ids as &[UserId]).execute(connection).await?;
    Ok(())
}

/// Locks unverified accounts that expired and are not locked elsewhere, even one with a valid link. An unverified
/// account with a taken address has no link, and must not be recognisable by expiring sooner.
pub async fn take_unverified(connection: &mut PgConnection) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"
        select id as "id: UserId" from users where email_verified_at is null and verify_by < now()
        order by verify_by limit 200 for update skip locked
        "#
    )
    .fetch_all(connection)
    .await
}
