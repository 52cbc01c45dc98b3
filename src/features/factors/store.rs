//! What the pages say about the factors of an account. Nothing here writes to them.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::types::UserId;

/// A passkey or an authenticator app.
#[derive(Clone, Debug)]
pub struct Listed {
    /// `passkey` or `totp`.
    pub kind: String,
    pub id: Uuid,
    pub name: String,
    pub added_at: OffsetDateTime,
    pub last_used_at: Option<OffsetDateTime>,
    /// A passkey that its owner has on several devices.
    pub synced: bool,
}

/// All of them, in the order in which they were added: one statement for the page.
pub async fn list(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        r#"
        select 'passkey' as "kind!", id as "id!", name as "name!", created_at as "added_at!", last_used_at, backed_up as "synced!"
        from passkeys where user_id = $1
        union all
        select 'totp', id, name, confirmed_at, last_used_at, false
        from totp_factors where user_id = $1 and confirmed_at is not null
        order by 4, 2
        "#,
        user_id as UserId,
    )
    .fetch_all(connection)
    .await
}

/// The password and the recovery codes.
#[derive(Clone, Copy, Debug)]
pub struct Others {
    pub password_set_at: Option<OffsetDateTime>,
    pub codes_left: i64,
    pub codes_made_at: Option<OffsetDateTime>,
}

/// What there is beside passkeys and apps.
pub async fn others(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Others> {
    sqlx::query_as!(
        Others,
        r#"
        select (select changed_at from password_credentials where user_id = $1) as password_set_at,
            count(*) filter (where used_at is null) as "codes_left!", max(created_at) as codes_made_at
        from recovery_codes where user_id = $1
        "#,
        user_id as UserId,
    )
    .fetch_one(connection)
    .await
}
