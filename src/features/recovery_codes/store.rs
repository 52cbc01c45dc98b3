//! The rows of recovery codes.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::types::{TokenDigest, UserId};

/// What is left of the codes of an account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    /// How many were not used yet.
    pub left: i64,
    /// When they were made; none when there are none, used or not.
    pub made_at: Option<OffsetDateTime>,
}

/// What is left of the codes of an account.
///
/// # Errors
/// Only the database's.
pub async fn kept(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Kept> {
    sqlx::query_as!(
        Kept,
        r#"
        select count(*) filter (where used_at is null) as "left!", max(created_at) as made_at
        from recovery_codes where user_id = $1
        "#,
        user_id as UserId,
    )
    .fetch_one(connection)
    .await
}

/// Keeps the digests of new ones.
pub(super) async fn add(connection: &mut PgConnection, user_id: UserId, digests: &[TokenDigest]) -> sqlx::Result<()> {
    let digests: Vec<Vec<u8>> = digests.iter().map(|digest| digest.as_bytes().to_vec()).collect();
    sqlx::query!(
        "insert into recovery_codes (digest, user_id) select unnest($2::bytea[]), $1",
        user_id as UserId,
        &digests,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Uses a code up: of any number at once, one gets it. Holds the account first, as everything does that
/// changes it.
pub(super) async fn use_up(connection: &mut PgConnection, user_id: UserId, digest: &TokenDigest) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        with account as (select id from users where id = $1 for no key update)
        update recovery_codes c set used_at = now()
        from account where c.user_id = account.id and c.digest = $2 and c.used_at is null
        "#,
        user_id as UserId,
        digest.as_bytes(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
