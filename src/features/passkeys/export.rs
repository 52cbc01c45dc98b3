//! Passkeys and their ceremonies, as their owner downloads them.

use serde::Serialize;
use sqlx::PgConnection;

use crate::types::{ExportedTime, UserId};

/// A passkey, without its key or anything that identifies the device.
#[derive(Debug, Serialize)]
pub struct ExportedPasskey {
    /// What its owner calls it.
    pub name: String,
    /// Whether it is on several devices of its owner.
    pub synced: bool,
    /// When it was added.
    pub created_at: ExportedTime,
    /// When it was last used.
    pub last_used_at: ExportedTime,
}

/// A ceremony or sign-in that has not ended.
#[derive(Debug, Serialize)]
pub struct Unfinished {
    /// Its kind and purpose.
    pub what: String,
    /// When it began.
    pub created_at: ExportedTime,
    /// When it expires.
    pub expires_at: ExportedTime,
}

/// Lists an account's passkeys, the newest first.
pub async fn export(connection: &mut PgConnection, user_id: UserId, limit: i64) -> sqlx::Result<Vec<ExportedPasskey>> {
    sqlx::query_as!(
        ExportedPasskey,
        "select name, backed_up as synced, created_at, last_used_at from passkeys where user_id = $1
        order by created_at desc, id limit $2",
        user_id as UserId,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Lists an account's ceremonies that have not ended, the newest first.
pub async fn export_ceremonies(
    connection: &mut PgConnection,
    user_id: UserId,
    limit: i64,
) -> sqlx::Result<Vec<Unfinished>> {
    sqlx::query_as!(
        Unfinished,
        r#"select 'passkey ' || purpose as "what!", created_at, expires_at from webauthn_ceremonies
        where user_id = $1 and used_at is null order by created_at desc limit $2"#,
        user_id as UserId,
        limit,
    )
    .fetch_all(connection)
    .await
}
