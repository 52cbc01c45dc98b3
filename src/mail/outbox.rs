//! The rows of letters that wait.

use sqlx::PgConnection;

use super::NewLetter;
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
