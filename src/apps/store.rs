//! Finding apps.

use sqlx::PgConnection;

use super::{AccessFormat, App, AppKind, ClientAuth, Consent, Pkce, SigningAlgorithm};
use crate::types::AppId;

/// Reads an app by its `client_id`, enabled or not.
pub async fn find(connection: &mut PgConnection, client_id: &str) -> sqlx::Result<Option<App>> {
    read(connection, Some(client_id), None, None).await
}

/// Reads an app by its id, enabled or not.
pub async fn find_by_id(connection: &mut PgConnection, id: AppId) -> sqlx::Result<Option<App>> {
    read(connection, None, Some(id), None).await
}

/// Reads the app whose proxy protects an origin, enabled or not.
pub async fn find_by_gate(connection: &mut PgConnection, origin: &str) -> sqlx::Result<Option<App>> {
    read(connection, None, None, Some(origin)).await
}

/// Returns whether an origin is one of an enabled public app: one that it registered, or that of a redirect address.
pub async fn is_origin_of_app(connection: &mut PgConnection, origin: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from app_addresses d join apps a on a.id = d.app_id
            where a.kind in ('public', 'document') and a.disabled_at is null and (
                (d.kind = 'origin' and d.uri = $1)
                -- An origin ends where the path or the query of an address begins.
                or (d.kind = 'redirect' and (d.uri = $1 or starts_with(d.uri, $1 || '/') or starts_with(d.uri, $1 || '?')))
            )
        ) as "is_ours!"
        "#,
        origin,
    )
    .fetch_one(connection)
    .await
}

async fn read(
    connection: &mut PgConnection,
    client_id: Option<&str>,
    id: Option<AppId>,
    gate: Option<&str>,
) -> sqlx::Result<Option<App>> {
    sqlx::query_as!(
        App,
        r#"
        select a.id as "id: AppId", a.client_id, a.kind as "kind: AppKind", a.name, a.auth as "auth: ClientAuth",
            a.pkce as "pkce: Pkce", a.used_pkce_at, a.id_token_alg as "id_token_alg: SigningAlgorithm",
            a.access_format as "access_format: AccessFormat", a.id_token_claims, a.consent as "consent: Consent",
            a.min_aal, a.scopes, a.resources, a.backchannel_uri, a.popup, a.preflight, a.disabled_at, a.created_at,
            array(select digest from app_secrets where app_id = a.id) as "secrets!",
            array(select uri from app_addresses where app_id = a.id and kind = 'redirect' order by uri) as "redirects!",
            array(select uri from app_addresses where app_id = a.id and kind = 'post_logout' order by uri) as "post_logouts!",
            array(select uri from app_addresses where app_id = a.id and kind = 'origin' order by uri) as "origins!",
            array(select uri from app_addresses where app_id = a.id and kind = 'gate' order by uri) as "gates!",
            array(
                select g.name from app_groups ag join groups g on g.id = ag.group_id where ag.app_id = a.id order by g.name
            ) as "groups!"
        from apps a
        where a.client_id = $1 or a.id = $2
            or a.id = (select app_id from app_addresses where kind = 'gate' and uri = $3)
        "#,
        client_id,
        id as Option<AppId>,
        gate,
    )
    .fetch_optional(connection)
    .await
}

/// Records that an app has proved to use PKCE: it redeemed a code with the right verifier. From then on it must send a
/// challenge. What anyone can send in its name, a request with a challenge, does not count.
pub async fn used_pkce(connection: &mut PgConnection, id: AppId) -> sqlx::Result<()> {
    sqlx::query!("update apps set used_pkce_at = now() where id = $1 and used_pkce_at is null", id as AppId)
        .execute(connection)
        .await?;
    Ok(())
}
