//! Sessions behind the cookies of protected hosts.

use sqlx::PgConnection;

use crate::types::{AppId, TokenDigest};

/// A cookie of a protected host, and the session behind it.
#[derive(Clone, Debug)]
pub(super) struct AtGate {
    /// The app whose host it is.
    pub app: AppId,
    /// The digest of the cookie.
    pub digest: TokenDigest,
    /// The digest of the session's own cookie.
    pub store_id: String,
}

/// Finds the sessions behind these cookies, each on a host of its app; [`super::find_live`] then judges them.
pub(super) async fn find(connection: &mut PgConnection, asked: &[(AppId, TokenDigest)]) -> sqlx::Result<Vec<AtGate>> {
    let (apps, digests): (Vec<AppId>, Vec<Vec<u8>>) =
        asked.iter().map(|(app, digest)| (*app, digest.as_bytes().to_vec())).unzip();
    let rows = sqlx::query!(
        r#"
        select asked.app_id as "app!: AppId", asked.digest as "digest!", found.store_id as "store_id!"
        from unnest($1::uuid[], $2::bytea[]) as asked (app_id, digest)
        -- By their indexes, as in the statement that judges them.
        cross join lateral (
            select s.store_id from gate_sessions g join sessions s on s.id = g.session_id
            where g.digest = asked.digest and g.app_id = asked.app_id and s.revoked_at is null
            limit 1
        ) found
        "#,
        &apps as &[AppId],
        &digests,
    )
    .fetch_all(connection)
    .await?;
    let found = rows.into_iter().filter_map(|row| {
        let digest = TokenDigest(row.digest.try_into().ok()?);
        Some(AtGate { app: row.app, digest, store_id: row.store_id })
    });
    Ok(found.collect())
}
