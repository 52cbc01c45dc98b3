//! The session row: the authority on who is signed in.
//!
//! 1. Signing in writes a row under the digest of a fresh cookie.
//! 2. Every request with that cookie asks [`cache`], which asks [`find_live`], one prepared join
//!    whose answer is judged by `PostgreSQL`'s clock alone, and says for how long it holds.
//! 3. Use is noted at most once a minute by [`touch`]; reading writes nothing.
//! 4. Proving again who one is gives the same session a new cookie ([`renew`]).
//! 5. Revoking a row ends the session on every replica.

mod assurance;
pub mod cache;
pub mod ended;
mod hold;
pub mod known_browsers;
mod listed;
mod live;
mod next_step;
pub mod pending;

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use sqlx::{PgConnection, postgres::types::PgInterval};
use time::OffsetDateTime;

use crate::{
    config::Lifetimes,
    types::{SessionId, UserId},
};

pub use assurance::{Aal, Method, amr};
pub use hold::hold;
pub use listed::{ListedSession, Listing, list_live};
pub use live::{Found, LiveSession, RECENT, find_live, touch};
pub use next_step::{Challenge, Step, challenges, next_step, strongest};

/// The longest part of a `User-Agent` header that is kept, in characters.
pub const USER_AGENT_MAX: usize = 256;

/// The row of the session store that belongs to a session. It is written with the session: then there is
/// never one without the other, and one promise to the disk less.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The digest of the cookie.
    pub id: String,
    /// What the store would have written itself.
    pub data: Vec<u8>,
    /// Until when the store keeps it.
    pub expires_at: OffsetDateTime,
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Its public identifier.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the session store keeps under its cookie.
    pub stored: &'a Stored,
    /// How the person proved who they are: RFC 8176 names.
    pub amr: &'a [String],
    /// How sure that makes us.
    pub aal: Aal,
    /// Where the request came from.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub user_agent: &'a str,
    /// Whether it outlives the browser's window.
    pub remembered: bool,
    /// When the password was set that the person proved to know. The session is not opened if it was
    /// replaced since.
    pub password_set_at: Option<OffsetDateTime>,
    /// What the account's factors were when it was decided which of them to ask for: when they last
    /// changed. Only looked at together with the password, by a session that showed nothing else.
    pub factors_changed_at: Option<OffsetDateTime>,
}

/// How many sessions of one account may be live at once; opening another ends the one that was used
/// longest ago (ASVS 7.1.2).
pub const SESSIONS_MAX: i64 = 100;

/// Opens a session, and tells whether it did: a password that was replaced while it was compared opens
/// nothing, nor does one beside which a second factor came up meanwhile. Whoever changes either waits for
/// this transaction, or this one for theirs (F11).
///
/// # Errors
/// Only the database's.
pub async fn create(connection: &mut PgConnection, new: &NewSession<'_>, lifetimes: &Lifetimes) -> sqlx::Result<bool> {
    let (idle, absolute) = if new.remembered {
        (lifetimes.remembered, lifetimes.remembered)
    } else {
        (lifetimes.idle, lifetimes.absolute)
    };
    let opened = sqlx::query_scalar!(
        r#"
        with proven as (
            select 1 from password_credentials
            where user_id = $2 and changed_at = $11 and ($4::smallint > 1 or factors_changed_at is not distinct from $13)
            for share
        ), too_many as (
            -- One that somebody else is ending or using at this moment is left to the next sign-in: nobody
            -- waits here, and so nobody waits in a circle.
            update sessions set revoked_at = now() where ctid = any(array(
                select ctid from sessions where ctid = any(array(
                    select ctid from sessions where user_id = $2 and revoked_at is null
                    order by last_seen_at desc, id offset $12
                )) for update skip locked
            ))
        ), opened as (
            insert into sessions
                (id, user_id, store_id, aal, amr, address, user_agent, remembered, idle_ends_at, absolute_ends_at)
            select $1, $2, $3, $4::smallint, $5, $6, $7, $8, now() + least($9::interval, $10), now() + $10::interval
            where $11::timestamptz is null or exists (select 1 from proven)
            returning store_id
        ), stored as (
            insert into tower_sessions.session (id, data, expiry_date) select store_id, $14, $15 from opened
        )
        select exists (select 1 from opened) as "opened!"
        "#,
        new.id as SessionId,
        new.user_id as UserId,
        new.stored.id,
        new.aal.number(),
        new.amr,
        IpNet::from(new.address),
        new.user_agent,
        new.remembered,
        interval(idle),
        interval(absolute),
        new.password_set_at,
        SESSIONS_MAX - 1,
        new.factors_changed_at,
        new.stored.data,
        new.stored.expires_at,
    )
    .fetch_one(connection)
    .await?;
    Ok(opened)
}

/// What a session becomes once its owner proved again who they are.
#[derive(Clone, Debug)]
pub struct Renewal<'a> {
    /// The session.
    pub id: SessionId,
    /// What the session store keeps under its new cookie.
    pub stored: &'a Stored,
    /// All that was shown in it by now: RFC 8176 names.
    pub amr: &'a [String],
    /// How sure that makes us.
    pub aal: Aal,
    /// When the password was set, if that was shown.
    pub password_set_at: Option<OffsetDateTime>,
    /// As in [`NewSession::factors_changed_at`].
    pub factors_changed_at: Option<OffsetDateTime>,
    /// Whether the best was shown that the account has: then the session counts as fresh.
    pub fresh: bool,
}

/// Gives a session another cookie after its owner proved again who they are, and tells whether it did:
/// not when it has ended, and not when the password or the factors changed meanwhile.
///
/// # Errors
/// Only the database's.
pub async fn renew(connection: &mut PgConnection, renewal: &Renewal<'_>) -> sqlx::Result<bool> {
    let renewed = sqlx::query_scalar!(
        r#"
        with proven as (
            select c.user_id from password_credentials c join sessions s on s.user_id = c.user_id
            where s.id = $1 and c.changed_at = $3 and ($5::smallint > 1 or c.factors_changed_at is not distinct from $6)
            for share of c
        ), renewed as (
            update sessions set store_id = $2, amr = $4, aal = $5::smallint, last_seen_at = now(),
                authenticated_at = case when $9 then now() else authenticated_at end
            where id = $1 and revoked_at is null and idle_ends_at > now() and absolute_ends_at > now()
                and ($3::timestamptz is null or exists (select 1 from proven))
            returning store_id
        ), stored as (
            insert into tower_sessions.session (id, data, expiry_date) select store_id, $7, $8 from renewed
        )
        select exists (select 1 from renewed) as "renewed!"
        "#,
        renewal.id as SessionId,
        renewal.stored.id,
        renewal.password_set_at,
        renewal.amr,
        renewal.aal.number(),
        renewal.factors_changed_at,
        renewal.stored.data,
        renewal.stored.expires_at,
        renewal.fresh,
    )
    .fetch_one(connection)
    .await?;
    Ok(renewed)
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

/// Ends one session of an account, and tells whether it was live: another account's is not there.
///
/// # Errors
/// Only the database's.
pub async fn revoke_of(connection: &mut PgConnection, user_id: UserId, id: SessionId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update sessions set revoked_at = now()
        where id = $2 and user_id = $1 and revoked_at is null and idle_ends_at > now() and absolute_ends_at > now()
        "#,
        user_id as UserId,
        id as SessionId,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of an account, and tells how many were live.
///
/// # Errors
/// Only the database's.
pub async fn revoke_all(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<u64> {
    revoke_others(connection, user_id, None).await
}

/// Ends every session of an account but one, and tells how many were live.
///
/// # Errors
/// Only the database's.
pub async fn revoke_others(
    connection: &mut PgConnection,
    user_id: UserId,
    kept: Option<SessionId>,
) -> sqlx::Result<u64> {
    let ended = sqlx::query_scalar!(
        r#"
        with ended as (
            update sessions set revoked_at = now() where user_id = $1 and revoked_at is null and id is distinct from $2
            returning least(idle_ends_at, absolute_ends_at) > now() as live
        )
        select count(*) filter (where live) as "live!" from ended
        "#,
        user_id as UserId,
        kept as Option<SessionId>,
    )
    .fetch_one(connection)
    .await?;
    Ok(ended.unsigned_abs())
}

/// Durations are settings of at most 400 days, far below an interval's range.
fn interval(duration: Duration) -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX) }
}
