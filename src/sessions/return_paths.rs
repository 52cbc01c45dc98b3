//! Stored redirect targets (return paths), for targets that are too long for a URL, or that must survive an email round
//! trip.
//!
//! 1. [`shorten`] stores a long path under a random id; [`find`] returns it for `/return?to=<id>`.
//! 2. [`keep_for_browser`] stores a browser's target when it requests an email; [`take_of_browser`] returns it to the
//!    same browser, once. The email contains no path, so its link cannot send anyone else there.
//! 3. [`keep_for_known_browser`] does the same for a user who must verify an address or add a factor first.

use sqlx::{Connection as _, PgConnection};

use super::known_browsers;
use crate::{
    limits::{self, Spend},
    types::{Request, ReturnTo, SecretToken, TokenDigest, UserId},
};

/// How long a path is stored, in hours: as long as a verification link is valid.
const KEPT_HOURS: i32 = 24;
/// The route that redirects to a stored path.
pub const ROUTE: &str = "/return";

/// Stores a long path and returns a short one that redirects to it; `None` if this network has stored too many.
pub async fn shorten(
    connection: &mut PgConnection,
    request: &Request,
    path: &ReturnTo,
) -> sqlx::Result<Option<ReturnTo>> {
    let mut transaction = connection.begin().await?;
    let buckets = limits::return_paths(request.address);
    if limits::spend_all(&mut transaction, &buckets).await? != Spend::Allowed {
        return Ok(None);
    }
    let id = SecretToken::random();
    store(&mut transaction, &id.digest(), path).await?;
    transaction.commit().await?;
    Ok(ReturnTo::parse(&format!("{ROUTE}?to={}", id.reveal())))
}

/// Finds the path stored under an id, which may be a browser's secret.
pub async fn find(connection: &mut PgConnection, id: &SecretToken) -> sqlx::Result<Option<ReturnTo>> {
    let id = id.digest();
    let path = sqlx::query_scalar!("select path from return_paths where id = $1 and expires_at > now()", id.as_bytes())
        .fetch_optional(connection)
        .await?;
    Ok(path.as_deref().and_then(ReturnTo::parse))
}

/// Stores a browser's redirect target when it requests an email, replacing an earlier one. Without a `path`, deletes
/// the earlier one.
pub async fn keep_for_browser(
    connection: &mut PgConnection,
    browser: &TokenDigest,
    path: Option<&ReturnTo>,
) -> sqlx::Result<()> {
    if let Some(path) = path {
        return store(connection, browser, path).await;
    }
    sqlx::query!("delete from return_paths where id = $1", browser.as_bytes()).execute(connection).await?;
    Ok(())
}

/// Stores the redirect target of a user who must do something else first, if the account knows the browser. So an
/// account has at most as many paths as known browsers.
pub async fn keep_for_known_browser(
    connection: &mut PgConnection,
    user_id: UserId,
    browser: &TokenDigest,
    path: &ReturnTo,
) -> sqlx::Result<()> {
    if known_browsers::known_since(connection, user_id, browser).await?.is_some() {
        store(connection, browser, path).await?;
    }
    Ok(())
}

/// Finds a browser's redirect target without deleting it.
pub async fn find_of_browser(connection: &mut PgConnection, request: &Request) -> sqlx::Result<Option<ReturnTo>> {
    match &request.browser {
        Some(browser) => find(connection, browser).await,
        None => Ok(None),
    }
}

/// Moves a browser's redirect target to its renewed secret.
pub async fn move_to_browser(
    connection: &mut PgConnection,
    old: &TokenDigest,
    fresh: &TokenDigest,
) -> sqlx::Result<()> {
    sqlx::query!("update return_paths set id = $2 where id = $1", old.as_bytes(), fresh.as_bytes())
        .execute(connection)
        .await?;
    Ok(())
}

/// Returns and deletes a browser's redirect target.
pub async fn take_of_browser(connection: &mut PgConnection, request: &Request) -> sqlx::Result<Option<ReturnTo>> {
    let Some(browser) = request.browser.as_ref().map(SecretToken::digest) else { return Ok(None) };
    let path = sqlx::query_scalar!(
        "delete from return_paths where id = $1 and expires_at > now() returning path",
        browser.as_bytes(),
    )
    .fetch_optional(connection)
    .await?;
    Ok(path.as_deref().and_then(ReturnTo::parse))
}

async fn store(connection: &mut PgConnection, id: &TokenDigest, path: &ReturnTo) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into return_paths (id, path, expires_at) values ($1, $2, now() + make_interval(hours => $3))
        on conflict (id) do update set path = excluded.path, created_at = now(), expires_at = excluded.expires_at
        "#,
        id.as_bytes(),
        path.as_str(),
        KEPT_HOURS,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Maximum number of stored paths, because anyone can create them.
const KEPT_MAX: i64 = 20_000;

/// Deletes expired paths, and the oldest beyond [`KEPT_MAX`]. Returns how many.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let expired = sqlx::query!(
        r#"
        delete from return_paths where ctid = any(array(
            select ctid from return_paths where expires_at < now()
            order by expires_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(&mut *connection)
    .await?;
    let too_many = sqlx::query!(
        r#"
        delete from return_paths where ctid = any(array(
            select ctid from return_paths where ctid = any(array(
                select ctid from return_paths order by expires_at desc offset $1 limit 1000
            )) for update skip locked
        ))
        "#,
        KEPT_MAX,
    )
    .execute(connection)
    .await?;
    Ok(expired.rows_affected() + too_many.rows_affected())
}
