//! Recovery codes, as their owner downloads them.

use serde::Serialize;
use sqlx::PgConnection;

use crate::types::{ExportedTime, UserId};

/// A recovery code, which cannot be read back.
#[derive(Debug, Serialize)]
pub struct ExportedCode {
    /// When it was created.
    pub created_at: ExportedTime,
    /// When its owner confirmed having saved it.
    pub saved_at: ExportedTime,
    /// When it was used.
    pub used_at: ExportedTime,
}

/// Lists an account's recovery codes, the newest first.
pub async fn export(connection: &mut PgConnection, user_id: UserId, limit: i64) -> sqlx::Result<Vec<ExportedCode>> {
    sqlx::query_as!(
        ExportedCode,
        "select created_at, saved_at, used_at from recovery_codes where user_id = $1 order by created_at desc, used_at limit $2",
        user_id as UserId,
        limit,
    )
    .fetch_all(connection)
    .await
}
