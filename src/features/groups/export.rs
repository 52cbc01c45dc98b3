//! An account's groups, as their owner downloads them.

use serde::Serialize;
use sqlx::PgConnection;

use crate::types::{ExportedTime, UserId};

/// A group that the account is in.
#[derive(Debug, Serialize)]
pub struct ExportedGroup {
    /// The name that apps receive.
    pub name: String,
    /// What it is for, in words.
    pub title: Option<String>,
    /// When the account was added.
    pub added_at: ExportedTime,
}

/// Lists an account's groups, the newest first.
pub async fn export(connection: &mut PgConnection, user_id: UserId, limit: i64) -> sqlx::Result<Vec<ExportedGroup>> {
    sqlx::query_as!(
        ExportedGroup,
        "select g.name, g.title, m.added_at from group_members m join groups g on g.id = m.group_id
        where m.user_id = $1 order by m.added_at desc, g.name limit $2",
        user_id as UserId,
        limit,
    )
    .fetch_all(connection)
    .await
}
