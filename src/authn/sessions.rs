//! The session row: the authority on who is signed in.
//!
//! 1. Signing in writes a row under the digest of a fresh cookie.
//! 2. Every request with that cookie asks [`find_live`], one prepared join, whose answer is judged
//!    by `PostgreSQL`'s clock alone.
//! 3. Use is noted at most once a minute by [`touch`]; reading writes nothing.
//! 4. Revoking a row ends the session on every replica with the next request.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use sqlx::{PgConnection, postgres::types::PgInterval};
use time::OffsetDateTime;

use super::{Aal, Method};
use crate::{
    config::Lifetimes,
    types::{SessionId, UserId},
};

/// The longest part of a `User-Agent` header that is kept, in characters.
pub const USER_AGENT_MAX: usize = 256;

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Its public identifier.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The digest of its cookie, as the session store writes it.
    pub store_id: &'a str,
    /// How the person proved who they are.
    pub methods: &'a [Method],
    /// How sure that makes us.
    pub aal: Aal,
    /// Where the request came from.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub user_agent: &'a str,
    /// Whether it outlives the browser's window.
    pub remembered: bool,
}

/// A session that was live at the moment of asking, with its account.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// The session.
    pub id: SessionId,
    /// Its account.
    pub user_id: UserId,
    /// The account's public name.
    pub username: String,
    /// What the person wants to be called.
    pub display_name: Option<String>,
    /// Where mail goes.
    pub email: String,
    /// When the session was opened.
    pub created_at: OffsetDateTime,
    /// When the person last proved who they are (`auth_time` of OpenID Connect Core).
    pub authenticated_at: OffsetDateTime,
    /// When it ends at the latest.
    pub absolute_ends_at: OffsetDateTime,
    /// Authenticator assurance level.
    pub aal: i16,
    /// RFC 8176 names.
    pub amr: Vec<String>,
    /// Whether its last use should be noted again.
    pub touch_due: bool,
}

/// Opens a session.
///
/// # Errors
/// Only the database's.
pub async fn create(connection: &mut PgConnection, new: &NewSession<'_>, lifetimes: &Lifetimes) -> sqlx::Result<()> {
    let (idle, absolute) = if new.remembered {
        (lifetimes.remembered, lifetimes.remembered)
    } else {
        (lifetimes.idle, lifetimes.absolute)
    };
    let amr: Vec<String> = new.methods.iter().map(|method| method.amr().to_owned()).collect();
    sqlx::query!(
        r#"
        insert into sessions (id, user_id, store_id, aal, amr, address, user_agent, remembered, idle_ends_at, absolute_ends_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, now() + least($9::interval, $10), now() + $10::interval)
        "#,
        new.id as SessionId,
        new.user_id as UserId,
        new.store_id,
        new.aal.number(),
        &amr,
        IpNet::from(new.address),
        new.user_agent,
        new.remembered,
        interval(idle),
        interval(absolute),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells who is signed in under each of these digests of cookies, by digest. This one statement is
/// the judge for every page, endpoint and app; [`super::lookup`] asks it for many visitors at once.
///
/// # Errors
/// Only the database's.
pub async fn find_live(
    connection: &mut PgConnection,
    store_ids: &[String],
) -> sqlx::Result<Vec<(String, LiveSession)>> {
    let found = sqlx::query!(
        r#"
        select s.store_id, s.id as "id: SessionId", s.user_id as "user_id: UserId", u.username, u.display_name, u.email,
            s.created_at, s.authenticated_at, s.absolute_ends_at, s.aal, s.amr,
            s.last_seen_at < now() - interval '1 minute' as "touch_due!"
        from sessions s
        join users u on u.id = s.user_id
        join tower_sessions.session t on t.id = s.store_id
        where s.store_id = any($1) and s.revoked_at is null and u.disabled_at is null
            and s.idle_ends_at > now() and s.absolute_ends_at > now()
        "#,
        store_ids,
    )
    .fetch_all(connection)
    .await?;
    let live = found.into_iter().map(|row| {
        let live = LiveSession {
            id: row.id,
            user_id: row.user_id,
            username: row.username,
            display_name: row.display_name,
            email: row.email,
            created_at: row.created_at,
            authenticated_at: row.authenticated_at,
            absolute_ends_at: row.absolute_ends_at,
            aal: row.aal,
            amr: row.amr,
            touch_due: row.touch_due,
        };
        (row.store_id, live)
    });
    Ok(live.collect())
}

/// Notes that a session is in use, and puts its idle end off. Never revives one that has ended.
///
/// # Errors
/// Only the database's.
pub async fn touch(connection: &mut PgConnection, id: SessionId, lifetimes: &Lifetimes) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update sessions
        set last_seen_at = now(),
            idle_ends_at = case when remembered then absolute_ends_at else least(now() + $2::interval, absolute_ends_at) end
        where id = $1 and revoked_at is null and idle_ends_at > now() and last_seen_at < now() - interval '1 minute'
        "#,
        id as SessionId,
        interval(lifetimes.idle),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends one session for good. Tells whether it had not been ended before.
///
/// # Errors
/// Only the database's.
pub async fn revoke(connection: &mut PgConnection, id: SessionId) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("update sessions set revoked_at = now() where id = $1 and revoked_at is null", id as SessionId)
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of an account, and tells how many were live.
///
/// # Errors
/// Only the database's.
pub async fn revoke_all(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<u64> {
    let ended = sqlx::query_scalar!(
        r#"
        with ended as (
            update sessions set revoked_at = now() where user_id = $1 and revoked_at is null
            returning least(idle_ends_at, absolute_ends_at) > now() as live
        )
        select count(*) filter (where live) as "live!" from ended
        "#,
        user_id as UserId
    )
    .fetch_one(connection)
    .await?;
    Ok(ended.unsigned_abs())
}

/// A live session as its owner sees it.
#[derive(Clone, Debug)]
pub struct ListedSession {
    /// The session.
    pub id: SessionId,
    /// Where it was opened from.
    pub address: String,
    /// What the browser called itself.
    pub user_agent: String,
    /// Whether it outlives the browser's window.
    pub remembered: bool,
    /// When it was opened.
    pub created_at: OffsetDateTime,
    /// When it was last used, to the minute.
    pub last_seen_at: OffsetDateTime,
    /// When the account was made.
    pub member_since: OffsetDateTime,
    /// When the account's password was last set.
    pub password_changed_at: Option<OffsetDateTime>,
    /// How many live sessions the account has.
    pub total: i64,
}

/// The live sessions of an account, the last used first, at most `limit` of them, with what its
/// overview shows beside them: one statement for the whole page.
///
/// # Errors
/// Only the database's.
pub async fn list_live(connection: &mut PgConnection, user_id: UserId, limit: u32) -> sqlx::Result<Vec<ListedSession>> {
    sqlx::query_as!(
        ListedSession,
        r#"
        select s.id as "id: SessionId", host(s.address) as "address!", s.user_agent, s.remembered, s.created_at, s.last_seen_at,
            u.created_at as member_since, c.changed_at as "password_changed_at?", count(*) over () as "total!"
        from sessions s
        join users u on u.id = s.user_id
        left join password_credentials c on c.user_id = u.id
        where s.user_id = $1 and s.revoked_at is null and s.idle_ends_at > now() and s.absolute_ends_at > now()
        order by s.last_seen_at desc, s.id
        limit $2
        "#,
        user_id as UserId,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await
}

/// Removes sessions that ended more than a day ago, and tells how many.
///
/// # Errors
/// Only the database's.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from sessions where id in (
            select id from sessions
            where least(idle_ends_at, absolute_ends_at, revoked_at) < now() - interval '1 day'
            limit 5000 for update skip locked
        )
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Durations are settings of at most 400 days, far below an interval's range.
fn interval(duration: Duration) -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX) }
}
