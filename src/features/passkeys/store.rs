//! The rows of passkeys and of their ceremonies.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::model::{Ceremony, LIFETIME};
use crate::{
    accounts::ListedFactor,
    types::{Label, TokenDigest, UserId, random_uuid},
};

/// Stores the challenge of a ceremony.
pub async fn begin(
    connection: &mut PgConnection,
    digest: &TokenDigest,
    ceremony: &Ceremony,
    state: &Value,
) -> sqlx::Result<()> {
    let (user_id, bound_to) = ceremony.bound_to().unzip();
    sqlx::query!(
        r#"
        insert into webauthn_ceremonies (digest, purpose, user_id, bound_to, state, expires_at)
        values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
        "#,
        digest.as_bytes(),
        <&str>::from(ceremony),
        user_id as Option<UserId>,
        bound_to,
        state,
        LIFETIME.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Spends a challenge: of any number of answers at once, one gets it.
pub async fn spend(
    connection: &mut PgConnection,
    digest: &TokenDigest,
    ceremony: &Ceremony,
) -> sqlx::Result<Option<Value>> {
    let (user_id, bound_to) = ceremony.bound_to().unzip();
    sqlx::query_scalar!(
        r#"
        update webauthn_ceremonies set used_at = now()
        where digest = $1 and used_at is null and expires_at > now() and purpose = $2
            -- Of a clock that was ahead.
            and expires_at <= now() + make_interval(secs => $5::float8 + 60)
            and user_id is not distinct from $3 and bound_to is not distinct from $4
        returning state
        "#,
        digest.as_bytes(),
        <&str>::from(ceremony),
        user_id as Option<UserId>,
        bound_to,
        LIFETIME.as_secs_f64(),
    )
    .fetch_optional(connection)
    .await
}

/// How many ceremonies are kept in all: anyone can begin one.
const CEREMONIES_MAX: i64 = 20_000;

/// Deletes expired ceremonies, and the oldest beyond [`CEREMONIES_MAX`]. Returns how many.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let expired = sqlx::query!(
        "delete from webauthn_ceremonies where ctid = any(array(
            select ctid from webauthn_ceremonies where expires_at < now()
            order by expires_at limit 1000 for update skip locked))"
    )
    .execute(&mut *connection)
    .await?;
    let too_many = sqlx::query!(
        "delete from webauthn_ceremonies where ctid = any(array(
            select ctid from webauthn_ceremonies where ctid = any(array(
                select ctid from webauthn_ceremonies order by expires_at desc offset $1 limit 1000
            )) for update skip locked))",
        CEREMONIES_MAX,
    )
    .execute(connection)
    .await?;
    Ok(expired.rows_affected() + too_many.rows_affected())
}

/// Lists the passkeys of an account, the oldest first.
pub async fn list(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<ListedFactor>> {
    sqlx::query_as!(
        ListedFactor,
        "select id, name, created_at, last_used_at, backed_up as synced, true as \"saved!\" from passkeys
        where user_id = $1 order by created_at, id",
        user_id as UserId,
    )
    .fetch_all(connection)
    .await
}

/// A stored passkey, and whether its account may be signed in to.
#[derive(Debug)]
pub struct Stored {
    pub id: Uuid,
    /// As `webauthn-rs` serializes it.
    pub credential: Value,
    /// It may be on several devices of its owner.
    pub backup_eligible: bool,
    /// The account is neither disabled nor about to be erased.
    pub open: bool,
    /// The account's address is verified.
    pub verified: bool,
}

/// Finds a passkey of an account by its WebAuthn credential id. The account is locked, so no other request uses or
/// removes it meanwhile.
pub async fn find(
    connection: &mut PgConnection,
    user_id: UserId,
    credential_id: &[u8],
) -> sqlx::Result<Option<Stored>> {
    sqlx::query_as!(
        Stored,
        r#"
        select p.id, p.credential, p.backup_eligible,
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

/// Records the use of a passkey, with its new counter and flags.
pub async fn used(connection: &mut PgConnection, id: Uuid, credential: &Value, backed_up: bool) -> sqlx::Result<()> {
    sqlx::query!(
        "update passkeys set last_used_at = now(), credential = $2, backed_up = $3 where id = $1",
        id,
        credential,
        backed_up,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lists the WebAuthn credential ids of an account's passkeys.
pub async fn credential_ids(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!("select credential_id from passkeys where user_id = $1 order by created_at", user_id as UserId)
        .fetch_all(connection)
        .await
}

/// Adds a passkey and returns whether it can be synced. `None` if an account has it already.
pub async fn insert(
    connection: &mut PgConnection,
    user_id: UserId,
    name: &Label,
    (credential_id, credential): (&[u8], &Value),
) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!(
        r#"
        insert into passkeys (id, user_id, name, credential_id, credential, backup_eligible, backed_up)
        values ($1, $2, $3, $4, $5, coalesce(($5::jsonb #> '{cred,backup_eligible}')::boolean, false),
            coalesce(($5::jsonb #> '{cred,backup_state}')::boolean, false))
        on conflict on constraint passkeys_credential_id_unique do nothing
        returning backup_eligible
        "#,
        random_uuid(),
        user_id as UserId,
        name.as_str(),
        credential_id,
        credential,
    )
    .fetch_optional(connection)
    .await
}

/// Renames a passkey. Returns `false` if the account has none with this id.
pub async fn rename(connection: &mut PgConnection, user_id: UserId, id: Uuid, name: &Label) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update passkeys set name = $3 where id = $2 and user_id = $1",
        user_id as UserId,
        id,
        name.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes a passkey. Returns `false` if the account has none with this id.
pub async fn remove(connection: &mut PgConnection, user_id: UserId, id: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from passkeys where id = $2 and user_id = $1", user_id as UserId, id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes the passkeys of an account, all or those added since a moment, and returns how many.
pub async fn delete(
    connection: &mut PgConnection,
    user_id: UserId,
    since: Option<OffsetDateTime>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "delete from passkeys where user_id = $1 and ($2::timestamptz is null or created_at >= $2)",
        user_id as UserId,
        since,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
