//! Opaque access tokens.

use sqlx::PgConnection;

use crate::types::{AppId, GrantId, TokenDigest};

/// Inserts an access token that expires in so many seconds.
pub async fn insert(
    connection: &mut PgConnection,
    token: &TokenDigest,
    grant_id: GrantId,
    scopes: &[String],
    audience: &[String],
    expires_in: f64,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into access_tokens (digest, grant_id, scopes, audience, expires_at)
        values ($1, $2, $3, $4, now() + make_interval(secs => $5))
        "#,
        token.as_bytes(),
        grant_id as GrantId,
        scopes,
        audience,
        expires_in,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Opens the grant of an app that acts for itself, and its only access token with it.
pub async fn open_for_app(
    connection: &mut PgConnection,
    grant: (GrantId, AppId),
    scopes: &[String],
    resources: &[String],
    expires_in: f64,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into grants (id, app_id, scopes, resources, expires_at)
        values ($1, $2, $3, $4, now() + make_interval(secs => $5))
        "#,
        grant.0 as GrantId,
        grant.1 as AppId,
        scopes,
        resources,
        expires_in,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes an access token of an app.
pub async fn revoke(connection: &mut PgConnection, token: &TokenDigest, app: AppId) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from access_tokens t using grants g where t.digest = $1 and g.id = t.grant_id and g.app_id = $2",
        token.as_bytes(),
        app as AppId,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes expired access tokens and returns how many.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let swept = sqlx::query!(
        r#"
        delete from access_tokens where ctid = any(array(
            select ctid from access_tokens where expires_at < now()
            order by expires_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(swept.rows_affected())
}
