//! What happens to an account after its sign-up. Each function is one statement in the transaction of
//! a use case, which writes the audit trail and the letters beside it.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::{
    audit,
    types::{DisplayName, Email, Lang, UserId},
};

/// The index by which a verified address is one account's alone; see [`crate::db::is_taken`].
pub const EMAIL_UNIQUE: &str = "users_email_verified_unique";

/// Holds an account until the transaction ends, and tells whether it is there: what others change about
/// it comes before or after. To be taken before links, sessions and limits.
///
/// # Errors
/// Only the database's.
pub async fn hold(connection: &mut PgConnection, id: UserId) -> sqlx::Result<bool> {
    let held =
        sqlx::query_scalar!(r#"select true as "held!" from users where id = $1 for no key update"#, id as UserId,)
            .fetch_optional(connection)
            .await?;
    Ok(held.is_some())
}

/// Holds an account that is about to get an address, and the address: see [`lock_claimants`], which does
/// the same for the address that it has.
///
/// # Errors
/// Only the database's.
pub async fn hold_with_claimants(connection: &mut PgConnection, id: UserId, email: &Email) -> sqlx::Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock(hashtextextended($1, 0)) as "held!: ()""#, email.canonical())
        .fetch_one(&mut *connection)
        .await?;
    hold(connection, id).await.map(drop)
}

/// Holds the address of an account until the transaction ends, then the account: of several that claim
/// one address, one at a time is verified and removes the others, and they do not wait for each other in
/// a circle. Comes before everything else in its transaction. However many claim it, this is one lock.
///
/// # Errors
/// Only the database's.
pub async fn lock_claimants(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtextextended(email_canonical, 0)) as "held!: ()" from users where id = $1"#,
        id as UserId,
    )
    .fetch_optional(&mut *connection)
    .await?;
    hold(connection, id).await.map(drop)
}

/// Notes that the account's address is its owner's.
///
/// # Errors
/// The database's; among them that another account has shown the same ([`EMAIL_UNIQUE`]).
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

/// How many other claims go at once; with more, the rest go when their time is over. They can no longer
/// be verified either way.
const CLAIMS_DROPPED: i64 = 200;
/// How many sessions of a claim are removed while the owner of its address waits.
const SESSIONS_DROPPED: i64 = 100;

/// Removes the accounts that claim the address of this one without ever having shown it to be theirs, with
/// everything they held (Sudhodanan & Paverd 2022, pre-hijacking), and with where they came from. An
/// account that needs no verification stays, because somebody may be using it. A claim that somebody signed in to
/// over and over is closed, and goes with the next sweep: nobody can make the owner wait for it.
///
/// # Errors
/// Only the database's.
pub async fn drop_other_claimants(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
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
        CLAIMS_DROPPED,
        SESSIONS_DROPPED,
    )
    .fetch_all(&mut *connection)
    .await?;
    audit::forget_origins(connection, &gone).await
}

/// Gives an account a password, its first or another.
///
/// # Errors
/// Only the database's.
pub async fn set_password(connection: &mut PgConnection, id: UserId, hash: &str) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into password_credentials (user_id, password_hash) values ($1, $2)
        on conflict (user_id) do update set password_hash = excluded.password_hash, changed_at = clock_timestamp()
        "#,
        id as UserId,
        hash,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Replaces the password that was set at that time, and tells since when the new one is: nothing when
/// another took its place meanwhile. Whoever opens a session with the old one waits for this
/// transaction, or this for theirs.
///
/// # Errors
/// Only the database's.
pub async fn replace_password(
    connection: &mut PgConnection,
    id: UserId,
    set_at: Option<OffsetDateTime>,
    hash: &str,
) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!(
        r#"
        update password_credentials set password_hash = $3, changed_at = clock_timestamp()
        where user_id = $1 and changed_at = $2
        returning changed_at
        "#,
        id as UserId,
        set_at,
        hash,
    )
    .fetch_optional(connection)
    .await
}

/// Takes an account's password away, so that only a mailed link leads back in.
///
/// # Errors
/// Only the database's.
pub async fn drop_password(connection: &mut PgConnection, id: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from password_credentials where user_id = $1", id as UserId).execute(connection).await?;
    Ok(())
}

/// What an account is called and which language it is written to in.
///
/// # Errors
/// Only the database's.
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

/// Gives an account another address, shown to be its owner's. Returns the one it had.
///
/// # Errors
/// The database's; among them that the address is another account's ([`EMAIL_UNIQUE`]).
pub async fn replace_email(connection: &mut PgConnection, id: UserId, email: &Email) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        r#"
        with before as (select id, email from users where id = $1 for no key update)
        update users u
        set email = $2, email_canonical = $3, email_verified_at = now(), verify_by = null, sign_up_browser = null
        from before where u.id = before.id
        returning before.email
        "#,
        id as UserId,
        email.as_str(),
        email.canonical(),
    )
    .fetch_optional(connection)
    .await
}

/// Sets the day of an account's erasure, unless it has one. Returns that day.
///
/// # Errors
/// Only the database's.
pub async fn schedule_deletion(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!(
        r#"
        update users set deletion_due_at = coalesce(deletion_due_at, now() + interval '7 days')
        where id = $1
        returning deletion_due_at as "due!"
        "#,
        id as UserId,
    )
    .fetch_optional(connection)
    .await
}

/// Calls an account's erasure off. Tells whether it was planned.
///
/// # Errors
/// Only the database's.
pub async fn call_off_deletion(connection: &mut PgConnection, id: UserId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update users set deletion_due_at = null where id = $1 and deletion_due_at is not null",
        id as UserId,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
