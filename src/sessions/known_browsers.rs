//! Browsers that have signed in to an account before.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::types::{TokenDigest, UserId};

/// How many browsers an account knows; one more, and it forgets the one that was used longest ago.
pub const BROWSERS_MAX: i64 = 50;

/// Remembers that a browser signed in to an account.
///
/// # Errors
/// Only the database's.
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
    // Nothing comes back for a browser that was here a moment ago, as nearly every one was.
    if others.is_some_and(|others| others >= BROWSERS_MAX) {
        forget_too_many(connection, user_id, browser).await?;
    }
    Ok(())
}

/// One that somebody else holds at this moment is left to the next sign-in: nobody waits here.
async fn forget_too_many(connection: &mut PgConnection, user_id: UserId, but: &TokenDigest) -> sqlx::Result<()> {
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

/// How long a browser that its owner trusts is asked for no second factor.
pub const TRUSTED_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Asks a browser that the account knows for no second factor for [`TRUSTED_FOR`], while the password stays
/// the one that was just shown. What its owner will read of it in a list is kept with it.
///
/// # Errors
/// Only the database's.
pub async fn trust(
    connection: &mut PgConnection,
    user_id: UserId,
    browser: &TokenDigest,
    password_set_at: OffsetDateTime,
    address: IpAddr,
    user_agent: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update known_browsers
        set trusted_until = now() + make_interval(secs => $3), trusted_password_at = $4, address = $5, user_agent = $6
        where user_id = $1 and digest = $2
        "#,
        user_id as UserId,
        browser.as_bytes(),
        TRUSTED_FOR.as_secs_f64(),
        password_set_at,
        IpNet::from(address),
        user_agent,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A browser that is asked for no second factor, as its owner sees it.
#[derive(Clone, Debug)]
pub struct TrustedBrowser {
    /// Names it in the form that takes the trust back.
    pub id: Uuid,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Where it was when it was trusted.
    pub address: String,
    /// What it called itself.
    pub user_agent: String,
    /// Since when.
    pub since: OffsetDateTime,
    /// Until when.
    pub until: OffsetDateTime,
}

/// The browsers that are asked for no second factor at this moment, the last trusted first. Of one whose
/// password was replaced since, nothing is left to say.
///
/// # Errors
/// Only the database's.
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
        join password_credentials c on c.user_id = b.user_id and c.changed_at = b.trusted_password_at
        where b.user_id = $1 and b.trusted_until > now()
        order by b.trusted_until desc, b.id
        "#,
        user_id as UserId,
        browser.map(TokenDigest::as_bytes),
        TRUSTED_FOR.as_secs_f64(),
    )
    .fetch_all(connection)
    .await
}

/// Asks one browser of an account for the second factor again, and tells whether it was trusted. It stays
/// known. Another account's is not there.
///
/// # Errors
/// Only the database's.
pub async fn distrust_one(connection: &mut PgConnection, user_id: UserId, id: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update known_browsers
        set trusted_until = null, trusted_password_at = null, address = null, user_agent = null
        where user_id = $1 and id = $2 and trusted_until > now()
        "#,
        user_id as UserId,
        id,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Asks every browser of an account for the second factor again.
///
/// # Errors
/// Only the database's.
pub async fn distrust(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update known_browsers
        set trusted_until = null, trusted_password_at = null, address = null, user_agent = null
        where user_id = $1 and trusted_until is not null
        "#,
        user_id as UserId,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether an account knows a browser.
///
/// # Errors
/// Only the database's.
pub async fn knows(connection: &mut PgConnection, user_id: UserId, browser: &TokenDigest) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from known_browsers where user_id = $1 and digest = $2) as "known!""#,
        user_id as UserId,
        browser.as_bytes(),
    )
    .fetch_one(connection)
    .await
}

/// Makes an account forget every browser, or every one but this.
///
/// # Errors
/// Only the database's.
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

/// Forgets browsers that were not used for as long as their cookie lives, and tells how many.
///
/// # Errors
/// Only the database's.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from known_browsers where ctid = any(array(
            select ctid from known_browsers
            where last_used_at < now() - interval '400 days'
            order by last_used_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
