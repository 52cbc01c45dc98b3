//! Authenticator apps in the data export.

use serde::Serialize;
use sqlx::PgConnection;

use crate::types::{ExportedTime, UserId};

/// An authenticator app, without its key.
#[derive(Debug, Serialize)]
pub struct ExportedApp {
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: ExportedTime,
    /// When its first code was entered; none until then.
    pub confirmed_at: ExportedTime,
    /// When one of its codes was last used.
    pub last_used_at: ExportedTime,
}

/// Lists an account's authenticator apps, the newest first.
pub async fn export(connection: &mut PgConnection, user_id: UserId, limit: i64) -> sqlx::Result<Vec<ExportedApp>> {
    sqlx::query_as!(
        ExportedApp,
        "select name, created_at, confirmed_at, last_used_at from totp_factors where user_id = $1
        order by created_at desc, id limit $2",
        user_id as UserId,
        limit,
    )
    .fetch_all(connection)
    .await
}
