//! The rows of recovery codes.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    accounts::ListedFactor,
    types::{TokenDigest, UserId},
};

/// What is left of the codes of an account.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// How many are unused.
    pub left: i64,
    /// When they were created; none when there are none, used or not.
    pub created_at: Option<OffsetDateTime>,
    /// Whether the owner confirmed having saved them. A code that was used was saved.
    pub saved: bool,
}

/// Counts the codes of an account.
pub async fn kept(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Kept> {
    sqlx::query_as!(
        Kept,
        r#"select count(*) filter (where used_at is null) as "left!", max(created_at) as created_at,
            coalesce(bool_or(saved_at is not null or used_at is not null), false) as "saved!"
        from recovery_codes where user_id = $1"#,
        user_id as UserId,
    )
    .fetch_one(connection)
    .await
}

/// Lists the codes of an account, as one.
pub async fn list(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<ListedFactor>> {
    let Kept { created_at, saved, .. } = kept(connection, user_id).await?;
    let (id, name) = (Uuid::nil(), String::new());
    let listed = |created_at| ListedFactor { id, name, created_at, last_used_at: None, synced: false, saved };
    Ok(created_at.map(listed).into_iter().collect())
}

/// Stores the digests of new codes.
pub async fn insert(connection: &mut PgConnection, user_id: UserId, digests: &[TokenDigest]) -> sqlx::Result<()> {
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

/// Records that the owner has saved these codes.
pub async fn confirm_saved(
    connection: &mut PgConnection,
    user_id: UserId,
    digests: &[TokenDigest],
) -> sqlx::Result<()> {
    let digests: Vec<Vec<u8>> = digests.iter().map(|digest| digest.as_bytes().to_vec()).collect();
    sqlx::query!(
        "update recovery_codes set saved_at = now() where user_id = $1 and digest = any($2) and saved_at is null",
        user_id as UserId,
        &digests,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Spends a code. Only one of several concurrent requests succeeds. Locks the account first, like every change of an
/// account.
pub async fn spend(connection: &mut PgConnection, user_id: UserId, digest: &TokenDigest) -> sqlx::Result<bool> {
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

/// Deletes the codes of an account, all or those created since a time. Returns 1 if there were any, because a set of
/// codes counts as one.
pub async fn delete(
    connection: &mut PgConnection,
    user_id: UserId,
    since: Option<OffsetDateTime>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "delete from recovery_codes where user_id = $1 and ($2::timestamptz is null or created_at >= $2)",
        user_id as UserId,
        since,
    )
    .execute(connection)
    .await?;
    Ok(u64::from(since.is_some() && done.rows_affected() > 0))
}
