//! The rows of letters that wait. Several senders share them: each takes what no other holds.

use std::time::Duration;

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Kind, Letter, NewLetter};
use crate::types::{Entropy, UserId};

/// Writes a letter down, in the transaction of the fact that it tells of.
///
/// # Errors
/// Only the database's.
pub async fn enqueue(connection: &mut PgConnection, entropy: Entropy, letter: &NewLetter<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into outbox (id, kind, user_id, address, language, detail, expires_at)
        values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
        "#,
        entropy.uuid(),
        letter.kind.code(),
        letter.user_id as Option<UserId>,
        letter.address,
        letter.lang.code(),
        letter.detail,
        letter.kind.worth_sending_for().as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes letters that are due, the longest waiting first, and holds them for as long as `lease`:
/// a sender that dies holds nothing for ever. Kinds that only a newer version knows are left to it.
///
/// # Errors
/// Only the database's.
pub async fn claim(connection: &mut PgConnection, most: usize, lease: Duration) -> sqlx::Result<Vec<Letter>> {
    let known: Vec<String> = Kind::ALL.iter().map(|kind| kind.code().to_owned()).collect();
    let rows = sqlx::query!(
        r#"
        with due as materialized (
            select id from outbox
            where due_at <= now() and expires_at > now() and kind = any($3)
            order by due_at
            limit $1
            for update skip locked
        )
        update outbox o set due_at = now() + make_interval(secs => $2), attempts = attempts + 1
        from due where o.id = due.id
        returning o.id, o.kind, o.user_id as "user_id: UserId", o.address, o.language, o.detail, o.attempts
        "#,
        i64::try_from(most).unwrap_or(i64::MAX),
        lease.as_secs_f64(),
        &known,
    )
    .fetch_all(connection)
    .await?;
    let letters = rows.into_iter().filter_map(|row| {
        Some(Letter {
            id: row.id,
            kind: Kind::from_code(&row.kind)?,
            user_id: row.user_id,
            address: row.address,
            lang: row.language.parse().unwrap_or_default(),
            detail: row.detail,
            attempts: row.attempts,
        })
    });
    Ok(letters.collect())
}

/// Takes a letter out that was sent or given up; nothing happens when another sender holds it by now.
///
/// # Errors
/// Only the database's.
pub async fn remove(connection: &mut PgConnection, letter: &Letter) -> sqlx::Result<()> {
    sqlx::query!("delete from outbox where id = $1 and attempts = $2", letter.id, letter.attempts)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes back letters about an account that still wait, when what they would tell is no longer so.
///
/// # Errors
/// Only the database's.
pub async fn take_back(connection: &mut PgConnection, user_id: UserId, kinds: &[Kind]) -> sqlx::Result<()> {
    let codes: Vec<String> = kinds.iter().map(|kind| kind.code().to_owned()).collect();
    sqlx::query!("delete from outbox where user_id = $1 and kind = any($2)", user_id as UserId, &codes)
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts a letter back for later; nothing happens when another sender holds it by now.
///
/// # Errors
/// Only the database's.
pub async fn postpone(connection: &mut PgConnection, letter: &Letter, by: Duration) -> sqlx::Result<()> {
    sqlx::query!(
        "update outbox set due_at = now() + make_interval(secs => $3) where id = $1 and attempts = $2",
        letter.id,
        letter.attempts,
        by.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives letters up that are not worth sending any more, some at a time. Tells which.
///
/// # Errors
/// Only the database's.
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

/// How many letters wait; counted no further than `most`.
///
/// # Errors
/// Only the database's.
pub async fn count(connection: &mut PgConnection, most: u64) -> sqlx::Result<u64> {
    let counted = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select from outbox limit $1) as waiting"#,
        i64::try_from(most).unwrap_or(i64::MAX),
    )
    .fetch_one(connection)
    .await?;
    Ok(u64::try_from(counted).unwrap_or(0))
}
/// Takes back what was asked for under these names, for an account that is erased.
///
/// # Errors
/// Only the database's.
pub async fn forget(connection: &mut PgConnection, names: &[String]) -> sqlx::Result<()> {
    sqlx::query!("delete from outbox where user_id is null and lower(address) = any($1)", names)
        .execute(connection)
        .await?;
    Ok(())
}
