//! Authorization requests that wait for the user to sign in, authenticate again or consent.
//!
//! 1. [`store`] keeps the validated parameters under the digest of a random id, for one browser and for [`LIFETIME`].
//! 2. The user is sent through the pages of the next steps, with [`path`] as the way back.
//! 3. [`find`] reads the request; [`spend`] uses it, once, in the transaction that answers it.
//!
//! An app may push a request (RFC 9126). It is stored without a browser, for [`PUSHED_LIFETIME`]. [`take_pushed`] uses
//! it once; if it must wait for the user, it is stored again like any other.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::types::{AppId, ReturnTo, SecretToken, TokenDigest};

/// Where a stored request is continued.
pub const ROUTE: &str = "/oauth/authorize/continue";
/// How long a request waits.
pub const LIFETIME: Duration = Duration::from_secs(600);
/// Lifetime of a pushed request.
pub const PUSHED_LIFETIME: Duration = Duration::from_secs(90);
/// Prefix of the `request_uri` of pushed requests (RFC 9126 section 2.2).
pub const URI_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// A stored request.
#[derive(Clone, Debug)]
pub struct StoredRequest {
    /// The app.
    pub app_id: AppId,
    /// The checked parameters.
    pub parameters: Value,
    /// The digest of the browser's cookie; none if the app pushed it.
    pub browser: Option<Vec<u8>>,
    /// When it arrived.
    pub created_at: OffsetDateTime,
    /// Whether its time is over.
    pub expired: bool,
    /// Whether it was answered.
    pub used: bool,
}

impl StoredRequest {
    /// Returns whether this browser brought it.
    pub fn is_of(&self, browser: Option<&SecretToken>) -> bool {
        let browser = browser.map(SecretToken::digest);
        browser.is_some_and(|browser| self.browser.as_deref() == Some(browser.as_bytes()))
    }
}

/// The path that continues a request.
pub fn path(id: &SecretToken) -> String {
    format!("{ROUTE}?request={}", id.reveal())
}

/// The id of the request that a path continues.
pub fn id_in(path: &ReturnTo) -> Option<SecretToken> {
    SecretToken::parse(path.as_str().strip_prefix(ROUTE)?.strip_prefix("?request=")?)
}

/// The `request_uri` of a pushed request.
pub fn uri(id: &SecretToken) -> String {
    format!("{URI_PREFIX}{}", id.reveal())
}

/// Stores a request and returns its id. A pushed request has no browser yet.
pub async fn store(
    connection: &mut PgConnection,
    app_id: AppId,
    parameters: &Value,
    browser: Option<&TokenDigest>,
) -> sqlx::Result<SecretToken> {
    let id = SecretToken::random();
    let digest = id.digest();
    let lifetime = if browser.is_some() { LIFETIME } else { PUSHED_LIFETIME };
    sqlx::query!(
        "insert into authorization_requests (digest, app_id, parameters, browser, expires_at)
        values ($1, $2, $3, $4, now() + make_interval(secs => $5))",
        digest.as_bytes(),
        app_id as AppId,
        parameters,
        browser.map(TokenDigest::as_bytes) as _,
        lifetime.as_secs_f64(),
    )
    .execute(&mut *connection)
    .await?;
    if digest.as_bytes().first().is_some_and(|byte| byte % SWEEPS == 0) {
        sweep(connection).await?;
    }
    Ok(id)
}

/// Uses a request that this app pushed. Returns its parameters to only one of several concurrent callers.
pub async fn take_pushed(
    connection: &mut PgConnection,
    id: &SecretToken,
    app_id: AppId,
) -> sqlx::Result<Option<Value>> {
    let digest = id.digest();
    sqlx::query_scalar!(
        "update authorization_requests set used_at = now()
        where digest = $1 and app_id = $2 and browser is null and used_at is null and expires_at > now()
        returning parameters",
        digest.as_bytes(),
        app_id as AppId,
    )
    .fetch_optional(connection)
    .await
}

/// Reads a request, also one that was answered or expired.
pub async fn find(connection: &mut PgConnection, id: &SecretToken) -> sqlx::Result<Option<StoredRequest>> {
    let digest = id.digest();
    sqlx::query_as!(
        StoredRequest,
        r#"
        select app_id as "app_id: AppId", parameters, browser, created_at, expires_at <= now() as "expired!",
            used_at is not null as "used!"
        from authorization_requests where digest = $1
        "#,
        digest.as_bytes(),
    )
    .fetch_optional(connection)
    .await
}

/// Uses a request of this browser. Only one of several concurrent uses succeeds.
pub async fn spend(connection: &mut PgConnection, id: &SecretToken, browser: &SecretToken) -> sqlx::Result<bool> {
    let (digest, browser) = (id.digest(), browser.digest());
    let spent = sqlx::query!(
        "update authorization_requests set used_at = now()
        where digest = $1 and browser = $2 and used_at is null and expires_at > now()",
        digest.as_bytes(),
        browser.as_bytes(),
    )
    .execute(connection)
    .await?;
    Ok(spent.rows_affected() == 1)
}

/// For which app a person signs in.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The app's name, or the host of its document if it has one.
    pub app: String,
    /// Who the app thinks the person is (`login_hint`).
    pub login_hint: Option<String>,
}

/// Finds for which app a person of this browser signs in, who goes on to this path.
pub async fn invitation(
    connection: &mut PgConnection,
    next: &ReturnTo,
    browser: &SecretToken,
) -> sqlx::Result<Option<Invitation>> {
    let Some(id) = id_in(next) else { return Ok(None) };
    let (digest, browser) = (id.digest(), browser.digest());
    sqlx::query_as!(
        Invitation,
        r#"
        select case when a.kind = 'document' then split_part(a.client_id, '/', 3) else a.name end as "app!",
            r.parameters ->> 'login_hint' as login_hint
        from authorization_requests r join apps a on a.id = r.app_id
        where r.digest = $1 and r.browser = $2 and r.used_at is null and r.expires_at > now()
        "#,
        digest.as_bytes(),
        browser.as_bytes(),
    )
    .fetch_optional(connection)
    .await
}

/// Returns whether this browser brought a request, and its app signs users in from a popup.
pub async fn is_in_popup(connection: &mut PgConnection, id: &SecretToken, browser: &SecretToken) -> sqlx::Result<bool> {
    let (digest, browser) = (id.digest(), browser.digest());
    sqlx::query_scalar!(
        r#"
        select exists (
            select from authorization_requests r join apps a on a.id = r.app_id
            where r.digest = $1 and r.browser = $2 and a.popup
        ) as "is!"
        "#,
        digest.as_bytes(),
        browser.as_bytes(),
    )
    .fetch_one(connection)
    .await
}

/// Maximum number of stored requests, because anyone can bring one.
pub const KEPT_MAX: i64 = 50_000;
/// One request in this many also sweeps, so that nobody can fill the table between two sweep rounds.
const SWEEPS: u8 = 64;

/// Deletes expired requests, and the first to expire beyond [`KEPT_MAX`]. Returns how many.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let expired = sqlx::query!(
        r#"
        delete from authorization_requests where ctid = any(array(
            select ctid from authorization_requests where expires_at < now()
            order by expires_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(&mut *connection)
    .await?;
    let too_many = sqlx::query!(
        r#"
        delete from authorization_requests where ctid = any(array(
            select ctid from authorization_requests where ctid = any(array(
                select ctid from authorization_requests order by expires_at desc offset $1 limit 1000
            )) for update skip locked
        ))
        "#,
        KEPT_MAX,
    )
    .execute(connection)
    .await?;
    Ok(expired.rows_affected() + too_many.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_request_and_no_other_path_does() {
        let id = SecretToken::random();
        let parse = |path: &str| ReturnTo::parse(path).and_then(|path| id_in(&path));
        assert_eq!(parse(&path(&id)), Some(id.clone()));
        for other in
            ["/", "/oauth/authorize/continue", "/oauth/authorize/continue?request=", "/oauth/authorize/continued"]
        {
            assert_eq!(parse(other), None, "{other}");
        }
        assert_eq!(parse(&format!("{}&x=y", path(&id))), None);
    }
}
