//! The rows of letters that wait.

use sqlx::PgConnection;

use super::{Kind, NewLetter};
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
