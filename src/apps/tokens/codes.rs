//! Authorization codes.

use sqlx::PgConnection;

use crate::types::{AppId, GrantId, TokenDigest};

/// A code that was taken: it cannot be used again, whatever comes of this use.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Its grant.
    pub grant_id: GrantId,
    /// The app that it was issued to.
    pub app_id: AppId,
    /// Where it went.
    pub redirect_uri: String,
    /// The PKCE challenge.
    pub challenge: Option<Vec<u8>>,
    /// `nonce` of the request.
    pub nonce: Option<String>,
    /// Whether it had not expired.
    pub is_fresh: bool,
}

/// Takes a code. Of several requests at once, one gets it.
pub async fn take(connection: &mut PgConnection, code: &TokenDigest) -> sqlx::Result<Option<Taken>> {
    sqlx::query_as!(
        Taken,
        r#"
        update authorization_codes c set used_at = now() from grants g
        where c.digest = $1 and c.used_at is null and g.id = c.grant_id
        returning c.grant_id as "grant_id: GrantId", g.app_id as "app_id: AppId", c.redirect_uri, c.challenge, c.nonce,
            c.expires_at > now() as "is_fresh!"
        "#,
        code.as_bytes(),
    )
    .fetch_optional(connection)
    .await
}

/// The grant of a code of an app, used or not.
pub async fn grant_of(connection: &mut PgConnection, code: &TokenDigest, app: AppId) -> sqlx::Result<Option<GrantId>> {
    sqlx::query_scalar!(
        r#"
        select c.grant_id as "grant_id: GrantId" from authorization_codes c join grants g on g.id = c.grant_id
        where c.digest = $1 and g.app_id = $2
        "#,
        code.as_bytes(),
        app as AppId,
    )
    .fetch_optional(connection)
    .await
}
