//! The passkeys of accounts, row by row.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::types::{DisplayName, PasskeyId, UserId};

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

/// A passkey, and whether its account is one to sign in to.
#[derive(Debug)]
pub struct Kept {
    /// Names it.
    pub id: PasskeyId,
    /// As `webauthn-rs` keeps it.
    pub credential: Value,
    /// Whether it may be on several devices of its owner.
    pub backup_eligible: bool,
    /// Neither closed nor about to be erased.
    pub open: bool,
    /// Whether its address was shown to be its owner's.
    pub verified: bool,
}

/// The passkey of an account by the name that authenticators have for it. The account is held, so that
/// nobody else uses or removes it meanwhile.
pub async fn find(connection: &mut PgConnection, user_id: UserId, credential_id: &[u8]) -> sqlx::Result<Option<Kept>> {
    sqlx::query_as!(
        Kept,
        r#"
        select p.id as "id: PasskeyId", p.credential, p.backup_eligible,
            u.disabled_at is null and u.deletion_due_at is null as "open!", u.email_verified_at is not null as "verified!"
        from passkeys p join users u on u.id = p.user_id
        where p.credential_id = $2 and p.user_id = $1
        "#,
        user_id as UserId,
        credential_id,
    )
    .fetch_optional(connection)
    .await
}

/// Notes that a passkey was used, with its counter and flags as they are now.
pub async fn used(
    connection: &mut PgConnection,
    id: PasskeyId,
    credential: &Value,
    backed_up: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update passkeys set last_used_at = now(), credential = $2, backed_up = $3 where id = $1",
        id as PasskeyId,
        credential,
        backed_up,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The names that authenticators have for the passkeys of an account.
pub async fn credential_ids(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!("select credential_id from passkeys where user_id = $1 order by created_at", user_id as UserId)
        .fetch_all(connection)
        .await
}

/// A passkey to be kept.
#[derive(Debug)]
pub struct NewPasskey<'a> {
    pub id: PasskeyId,
    pub user_id: UserId,
    pub name: &'a str,
    pub credential_id: &'a [u8],
    pub credential: &'a Value,
    pub backup_eligible: bool,
    pub backed_up: bool,
}

/// Keeps a passkey, and tells whether it did: not one that an account has already.
pub async fn insert(connection: &mut PgConnection, new: &NewPasskey<'_>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into passkeys (id, user_id, name, credential_id, credential, backup_eligible, backed_up)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint passkeys_credential_id_unique do nothing
        "#,
        new.id as PasskeyId,
        new.user_id as UserId,
        new.name,
        new.credential_id,
        new.credential,
        new.backup_eligible,
        new.backed_up,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Renames a passkey of an account, and tells whether it has it.
pub async fn rename(
    connection: &mut PgConnection,
    user_id: UserId,
    id: PasskeyId,
    name: &DisplayName,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update passkeys set name = $3 where id = $2 and user_id = $1",
        user_id as UserId,
        id as PasskeyId,
        name.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a passkey of an account, and tells whether it had it.
pub async fn remove(connection: &mut PgConnection, user_id: UserId, id: PasskeyId) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from passkeys where id = $2 and user_id = $1", user_id as UserId, id as PasskeyId,)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}
