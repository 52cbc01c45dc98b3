//! The passkeys of accounts, row by row.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::types::{PasskeyId, UserId};

/// A passkey as its owner reads of it.
#[derive(Clone, Debug)]
pub struct ListedPasskey {
    /// Names it in the forms that rename and remove it.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: OffsetDateTime,
    /// When it last proved who its owner is.
    pub last_used_at: Option<OffsetDateTime>,
    /// Whether it may be on several devices of its owner.
    pub synced: bool,
}

/// The passkeys of an account, the oldest first.
///
/// # Errors
/// Only the database's.
pub async fn list(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<ListedPasskey>> {
    sqlx::query_as!(
        ListedPasskey,
        r#"
        select id as "id: PasskeyId", name, created_at, last_used_at, backup_eligible as synced from passkeys
        where user_id = $1
        order by created_at, id
        "#,
        user_id as UserId,
    )
    .fetch_all(connection)
    .await
}
