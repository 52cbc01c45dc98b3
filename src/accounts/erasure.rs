//! The end of accounts: those whose day has come, and those whose address nobody ever showed.

use sqlx::PgConnection;

use crate::types::UserId;

/// An account that is to be erased now.
#[derive(Clone, Debug)]
pub struct Due {
    /// The account.
    pub id: UserId,
    /// Its public name.
    pub username: String,
    /// Where mail goes, for the last letter.
    pub email: String,
    /// The language its owner chose, as stored.
    pub language: Option<String>,
}

/// Takes one account whose day has come and that nobody else holds.
///
/// # Errors
/// Only the database's.
pub async fn take_due(connection: &mut PgConnection) -> sqlx::Result<Option<Due>> {
    sqlx::query_as!(
        Due,
        r#"
        select id as "id: UserId", username, email, language from users
        where deletion_due_at < now()
        order by deletion_due_at limit 1 for update skip locked
        "#
    )
    .fetch_optional(connection)
    .await
}

/// Removes accounts with everything that hangs on them. Their sessions, which may be many, went before.
///
/// # Errors
/// Only the database's.
pub async fn remove(connection: &mut PgConnection, ids: &[UserId]) -> sqlx::Result<()> {
    sqlx::query!("delete from users where id = any($1)", ids as &[UserId]).execute(connection).await?;
    Ok(())
}

/// Takes accounts whose address was not shown in time and that nobody else holds. Also one with a link that still
/// works: a claim of an address that is somebody's has none, and must not be told apart by going sooner.
///
/// # Errors
/// Only the database's.
pub async fn take_unverified(connection: &mut PgConnection) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"
        select id as "id: UserId" from users
        where email_verified_at is null and verify_by < now()
        order by verify_by limit 200 for update skip locked
        "#
    )
    .fetch_all(connection)
    .await
}
