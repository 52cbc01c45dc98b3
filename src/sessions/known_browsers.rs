//! Browsers that signed in to an account before.

use std::time::Duration;

use ipnet::IpNet;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::types::{Request, TokenDigest, UserId};

/// Maximum number of known browsers per account; the least recently used is forgotten first.
pub const BROWSERS_MAX: i64 = 50;

/// Records that a browser signed in to an account.
pub async fn remember(connection: &mut PgConnection, user_id: UserId, browser: &TokenDigest) -> sqlx::Result<()> {
    let others = sqlx::query_scalar!(
        r#"
        insert into known_browsers as b (user_id, digest) values ($1, $2)
        on conflict (user_id, digest) do update set last_used_at = now()
        where b.last_used_at < now() - interval '1 day'
        returning (select count(*) from known_browsers where user_id = $1 and digest <> $2) as "others!"
        "#,
        user_id as UserId,
        browser.as_bytes(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    // Recently used browsers, which most are, return no row.
    if others.is_some_and(|others| others >= BROWSERS_MAX) {
        // A locked one is left to the next sign-in, so that nobody waits here.
        sqlx::query!(
            r#"
            delete from known_browsers where ctid = any(array(
                select ctid from known_browsers where ctid = any(array(
                    select ctid from known_browsers where user_id = $1 and digest <> $2
                    order by last_used_at desc, digest offset $3
                )) for update skip locked
            ))
            "#,
            user_id as UserId,
            browser.as_bytes(),
            BROWSERS_MAX - 1,
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// How long a trusted browser skips the second factor.
pub const TRUSTED_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Lets a known browser skip the second factor for [`TRUSTED_FOR`], while the password stays the same. Stores what its
/// owner's list of trusted browsers shows.
pub async fn trust(
    connection: &mut PgConnection,
    user_id: UserId,
    browser: &TokenDigest,
    credentials_version: i64,
    request: &Request,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update known_browsers
        set trusted_until = now() + make_interval(secs => $3), trusted_version = $4, address = $5, user_agent = $6
        where user_id = $1 and digest = $2
        "#,
        user_id as UserId,
        browser.as_bytes(),
        TRUSTED_FOR.as_secs_f64(),
        credentials_version,
        IpNet::from(request.address),
        request.user_agent,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A trusted browser as shown to its owner.
#[derive(Clone, Debug)]
pub struct TrustedBrowser {
    /// The identifier used in the form that revokes the trust.
    pub id: Uuid,
    /// Whether the request came from it.
    pub current: bool,
    /// The IP address when it was trusted.
    pub address: String,
    /// Its `User-Agent`.
    pub user_agent: String,
    /// When it was trusted.
    pub since: OffsetDateTime,
    /// When the trust expires.
    pub until: OffsetDateTime,
}

/// Lists the trusted browsers of an account, the last trusted first. A password change since then ends the trust.
pub async fn list_trusted(
    connection: &mut PgConnection,
    user_id: UserId,
    browser: Option<&TokenDigest>,
) -> sqlx::Result<Vec<TrustedBrowser>> {
    sqlx::query_as!(
        TrustedBrowser,
        r#"
        select b.id, coalesce(b.digest = $2, false) as "current!", coalesce(host(b.address), '') as "address!",
            coalesce(b.user_agent, '') as "user_agent!", b.trusted_until - make_interval(secs => $3) as "since!",
            b.trusted_until as "until!"
        from known_browsers b
        join users u on u.id = b.user_id and u.credentials_version = b.trusted_version
        where b.user_id = $1 and b.trusted_until > now() order by b.trusted_until desc, b.id
        "#,
        user_id as UserId,
        browser.map(TokenDigest::as_bytes),
        TRUSTED_FOR.as_secs_f64(),
    )
    .fetch_all(connection)
    .await
}

/// Revokes the trust in one browser of an account, or in all; they stay known. Returns whether any was trusted.
pub async fn distrust(connection: &mut PgConnection, user_id: UserId, one: Option<Uuid>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update known_browsers
        set trusted_until = null, trusted_version = null, address = null, user_agent = null
        where user_id = $1 and ($2::uuid is null and trusted_until is not null or id = $2 and trusted_until > now())
        "#,
        user_id as UserId,
        one,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Returns whether an account knows a browser.
pub async fn knows(connection: &mut PgConnection, user_id: UserId, browser: &TokenDigest) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from known_browsers where user_id = $1 and digest = $2) as "known!""#,
        user_id as UserId,
        browser.as_bytes(),
    )
    .fetch_one(connection)
    .await
}

/// Deletes the known browsers of an account, all or all except one.
pub async fn forget(connection: &mut PgConnection, user_id: UserId, but: Option<&TokenDigest>) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from known_browsers where user_id = $1 and digest is distinct from $2",
        user_id as UserId,
        but.map(TokenDigest::as_bytes),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes browsers unused for as long as their cookie lives, and returns how many.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from known_browsers where ctid = any(array(
            select ctid from known_browsers where last_used_at < now() - interval '400 days'
            order by last_used_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
