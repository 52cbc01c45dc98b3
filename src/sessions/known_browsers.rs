//! Browsers that signed in to an account before.
//!
//! A browser is recognised by the secret in its cookie, which outlives sessions. Someone else may know or have chosen
//! that secret, for example on a shared machine. So a presented secret is never adopted: whenever an account begins to
//! know or trust a browser, [`renew`] replaces it. Rows stored under the old secret move to the new one in the same
//! transaction.

use std::time::Duration;

use ipnet::IpNet;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::return_paths;
use crate::{
    accounts,
    types::{Request, SecretToken, TokenDigest, UserId},
};

/// Maximum number of known browsers per account; the least recently used is forgotten first.
pub const BROWSERS_MAX: i64 = 50;

/// Gives a browser a fresh secret, and invalidates the old one for every account.
pub async fn renew(connection: &mut PgConnection, old: Option<&SecretToken>) -> sqlx::Result<SecretToken> {
    let fresh = SecretToken::random();
    let Some(old) = old.map(SecretToken::digest) else { return Ok(fresh) };
    let digest = fresh.digest();
    // In a fixed order, so that two accounts that sign in concurrently do not deadlock.
    sqlx::query!(
        r#"
        update known_browsers set digest = $2 where ctid = any(array(
            select ctid from known_browsers where digest = $1 order by user_id for update
        ))
        "#,
        old.as_bytes(),
        digest.as_bytes(),
    )
    .execute(&mut *connection)
    .await?;
    accounts::move_sign_up_browser(&mut *connection, &old, &digest).await?;
    return_paths::move_to_browser(connection, &old, &digest).await?;
    Ok(fresh)
}

/// A browser that signed in to an account.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// The secret by which the account recognises it from now on: a fresh one, unless the account knew the presented one.
    pub secret: SecretToken,
    /// How many other browsers the account knew; `None` if it knew this one.
    pub new_beside: Option<i64>,
}

/// Records that a browser signed in to an account.
pub async fn remember(
    connection: &mut PgConnection,
    user_id: UserId,
    presented: Option<&SecretToken>,
) -> sqlx::Result<Remembered> {
    if let Some(presented) = presented
        && used(&mut *connection, user_id, &presented.digest()).await?
    {
        return Ok(Remembered { secret: presented.clone(), new_beside: None });
    }
    let fresh = renew(&mut *connection, presented).await?;
    let digest = fresh.digest();
    let others = sqlx::query_scalar!(
        r#"
        insert into known_browsers (user_id, digest) values ($1, $2)
        returning (select count(*) from known_browsers where user_id = $1) as "others!"
        "#,
        user_id as UserId,
        digest.as_bytes(),
    )
    .fetch_one(&mut *connection)
    .await?;
    if others >= BROWSERS_MAX {
        forget_oldest(connection, user_id, &digest).await?;
    }
    Ok(Remembered { secret: fresh, new_beside: Some(others) })
}

/// Updates a browser's last use, at most once a day. Returns whether the account knows the browser.
pub async fn used(connection: &mut PgConnection, user_id: UserId, browser: &TokenDigest) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        with used as (
            update known_browsers set last_used_at = now()
            where user_id = $1 and digest = $2 and last_used_at < now() - interval '1 day'
        )
        select exists (select 1 from known_browsers where user_id = $1 and digest = $2) as "known!"
        "#,
        user_id as UserId,
        browser.as_bytes(),
    )
    .fetch_one(connection)
    .await
}

/// Deletes the least recently used browsers beyond the maximum, except `but`. Skips locked rows, so that no sign-in
/// waits here; the next sign-in deletes those.
async fn forget_oldest(connection: &mut PgConnection, user_id: UserId, but: &TokenDigest) -> sqlx::Result<()> {
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
        but.as_bytes(),
        BROWSERS_MAX - 1,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How long a trusted browser skips the second factor.
pub const TRUSTED_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Lets a browser skip the second factor for [`TRUSTED_FOR`], or until the password changes. Its secret must just have
/// been renewed. Stores the address and `User-Agent` for the owner's list of trusted browsers.
pub async fn trust(
    connection: &mut PgConnection,
    user_id: UserId,
    browser: &TokenDigest,
    credentials_version: i64,
    request: &Request,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into known_browsers (user_id, digest, trusted_until, trusted_version, address, user_agent)
        values ($1, $2, now() + make_interval(secs => $3), $4, $5, $6)
        on conflict (user_id, digest) do update set trusted_until = excluded.trusted_until,
            trusted_version = excluded.trusted_version, address = excluded.address, user_agent = excluded.user_agent
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

/// Lists the trusted browsers of an account, most recently trusted first. A password change ends the trust.
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

/// Finds the id of a browser that an account knows.
pub async fn find(connection: &mut PgConnection, user_id: UserId, browser: &TokenDigest) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select id from known_browsers where user_id = $1 and digest = $2",
        user_id as UserId,
        browser.as_bytes(),
    )
    .fetch_optional(connection)
    .await
}

/// Returns when an account began to know a browser.
pub async fn known_since(
    connection: &mut PgConnection,
    user_id: UserId,
    browser: &TokenDigest,
) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!(
        "select created_at from known_browsers where user_id = $1 and digest = $2",
        user_id as UserId,
        browser.as_bytes(),
    )
    .fetch_optional(connection)
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
