//! Refresh tokens, which replace each other.
//!
//! A client that never heard our answer repeats the old token, and so do the tabs and workers of one client at once.
//! For a short grace all of them get the same successor: it is sealed with a key that only the old token yields. After
//! the grace, a repeat means that two parties hold the token, and the grant ends (RFC 9700 section 4.14.2).

use std::time::Duration;

use sqlx::PgConnection;

use crate::types::{AppId, GrantId, TokenDigest};

/// Inserts the first refresh token of a grant. It expires when it is not used for so long, or with the grant.
pub async fn insert(
    connection: &mut PgConnection,
    token: &TokenDigest,
    grant_id: GrantId,
    idle: Duration,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into refresh_tokens (digest, grant_id, number, expires_at)
        select $1, id, 1, least(now() + make_interval(secs => $3), expires_at) from grants where id = $2
        "#,
        token.as_bytes(),
        grant_id as GrantId,
        idle.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A token and what follows it.
#[derive(Clone, Debug)]
pub struct Rotation<'a> {
    /// The token that is used.
    pub used: &'a TokenDigest,
    /// The app that uses it.
    pub app: AppId,
    /// Its successor.
    pub next: &'a TokenDigest,
    /// The same, sealed for a client that presents the used token again.
    pub sealed: &'a [u8],
    /// When the successor expires without use.
    pub idle: Duration,
}

/// Uses a refresh token of an app and inserts its successor. Of several requests at once, one does. Returns the grant.
pub async fn rotate(connection: &mut PgConnection, rotation: &Rotation<'_>) -> sqlx::Result<Option<GrantId>> {
    sqlx::query_scalar!(
        r#"
        with used as (
            update refresh_tokens r set used_at = now(), successor = $4 from grants g
            where r.digest = $1 and r.used_at is null and r.expires_at > now() and g.id = r.grant_id and g.app_id = $2
            returning r.grant_id, r.number, g.expires_at
        )
        insert into refresh_tokens (digest, grant_id, number, expires_at)
        select $3, grant_id, number + 1, least(now() + make_interval(secs => $5), expires_at) from used
        returning grant_id as "grant_id: GrantId"
        "#,
        rotation.used.as_bytes(),
        rotation.app as AppId,
        rotation.next.as_bytes(),
        rotation.sealed,
        rotation.idle.as_secs_f64(),
    )
    .fetch_optional(connection)
    .await
}

/// A refresh token that cannot be used.
#[derive(Clone, Debug)]
pub struct Spent {
    /// Its grant.
    pub grant_id: GrantId,
    /// The app that it was issued to.
    pub app_id: AppId,
    /// Its successor, if it was used within the grace.
    pub successor: Option<Vec<u8>>,
    /// Whether it expired before it was used.
    pub is_expired: bool,
}

/// Looks at a refresh token that [`rotate`] did not use.
pub async fn look(connection: &mut PgConnection, token: &TokenDigest, grace: Duration) -> sqlx::Result<Option<Spent>> {
    sqlx::query_as!(
        Spent,
        r#"
        select r.grant_id as "grant_id: GrantId", g.app_id as "app_id: AppId",
            -- Of two at once, the second may have begun before the first: no grace is none.
            case when $2::float8 > 0 and r.used_at + make_interval(secs => $2) > now() then r.successor end as successor,
            r.used_at is null and r.expires_at <= now() as "is_expired!"
        from refresh_tokens r join grants g on g.id = r.grant_id
        where r.digest = $1
        "#,
        token.as_bytes(),
        grace.as_secs_f64(),
    )
    .fetch_optional(connection)
    .await
}

/// The grant of a refresh token of an app, used or not.
pub async fn grant_of(connection: &mut PgConnection, token: &TokenDigest, app: AppId) -> sqlx::Result<Option<GrantId>> {
    sqlx::query_scalar!(
        r#"
        select r.grant_id as "grant_id: GrantId" from refresh_tokens r join grants g on g.id = r.grant_id
        where r.digest = $1 and g.app_id = $2
        "#,
        token.as_bytes(),
        app as AppId,
    )
    .fetch_optional(connection)
    .await
}

/// Deletes expired refresh tokens and returns how many. Used ones stay as long: their reuse is noticed until then.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let swept = sqlx::query!(
        r#"
        delete from refresh_tokens where ctid = any(array(
            select ctid from refresh_tokens where expires_at < now()
            order by expires_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(swept.rows_affected())
}
