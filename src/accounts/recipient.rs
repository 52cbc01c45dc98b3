//! Whom a letter concerns.

use sqlx::PgConnection;

use crate::types::{Lang, UserId};

/// What a letter needs to know of an account.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Its public name.
    pub username: String,
    /// Where its mail goes.
    pub email: String,
    /// The language that its owner chose.
    pub language: Option<Lang>,
}

/// Finds an account for a letter about it.
pub async fn find_recipient(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Option<Recipient>> {
    let row = sqlx::query!("select username, email, language from users where id = $1", id as UserId)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| Recipient {
        username: row.username,
        email: row.email,
        language: row.language.and_then(|code| code.parse().ok()),
    }))
}
