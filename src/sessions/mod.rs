//! Sessions: the authority on who is signed in.
//!
//! 1. Signing in creates a row under the digest of a new cookie.
//! 2. Every request looks its cookie up in [`cache`], which queries [`find_live`]: one prepared join, judged by
//!    `PostgreSQL`'s clock, which also returns how long the result is valid.
//! 3. [`touch`] updates the last use at most once a minute; reading writes nothing.
//! 4. Reauthentication gives the session a new cookie ([`renew`]).
//! 5. Revoking a row ends the session on every replica.

mod assurance;
pub mod cache;
pub mod ended;
mod gates;
pub mod known_browsers;
mod live;
mod overview;
pub mod pending;
pub mod return_paths;

use std::time::Duration;

use ipnet::IpNet;
use sqlx::{PgConnection, postgres::types::PgInterval};
use time::OffsetDateTime;

use crate::{
    accounts::Role,
    config::Lifetimes,
    types::{Request, SessionId, UserId},
};

pub use assurance::{Aal, Challenge, Method, Methods, challenges, next_step, strongest};
pub use live::{FRESH, ListedSession, LiveSession, find_live, list_live, lock, touch};
pub use overview::{Overview, OverviewQuery};

/// Maximum stored length of a `User-Agent` header, in characters.
pub const USER_AGENT_MAX: usize = 256;

/// A session's row in the session store. The statement that inserts the session inserts it too, so neither exists
/// without the other, and one commit suffices.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The digest of the cookie.
    pub id: String,
    /// The data as the store would write it.
    pub data: Vec<u8>,
    /// The store's expiry.
    pub expires_at: OffsetDateTime,
}

/// A session to create.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The account.
    pub user_id: UserId,
    /// The methods shown.
    pub methods: &'a Methods,
    /// Whether it survives closing the browser.
    pub remember: bool,
    /// The credentials version that was verified, if a password was.
    pub credentials_version: Option<i64>,
    /// The browser's current session, of any account, which is revoked.
    pub replaces: Option<&'a LiveSession>,
}

/// Maximum number of live sessions per account; another sign-in revokes the least recently used one (ASVS 7.1.2).
pub const SESSIONS_MAX: i64 = 100;

/// What the account of a new session must do before it can do anything else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Duties {
    /// The address is not verified.
    pub unverified: bool,
    /// The role requires a second factor, and the account has none.
    pub must_enrol: bool,
}

/// Creates a session. Returns `None` if the credentials changed since they were verified; the row lock orders us with
/// that change. Accounts with a role in `need_second_factor` must have a second factor.
pub async fn create(
    connection: &mut PgConnection,
    id: SessionId,
    stored: &Stored,
    request: &Request,
    new: &Opening<'_>,
    lifetimes: &Lifetimes,
    need_second_factor: &[Role],
) -> sqlx::Result<Option<Duties>> {
    let (idle, absolute) =
        if new.remember { (lifetimes.remembered, lifetimes.remembered) } else { (lifetimes.idle, lifetimes.absolute) };
    let amr = new.methods.amr();
    sqlx::query_as!(
        Duties,
        r#"
        with proven as (
            select email_verified_at is null as unverified,
                role = any($15::text[]) and not (select second from account_factors where user_id = $2) as must_enrol
            from users where id = $2 and ($11::bigint is null or credentials_version = $11)
            for share
        ), too_many as (
            -- A session that someone else is ending or using right now is left to the next sign-in: nobody
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
            from proven returning store_id
        ), stored as (
            insert into tower_sessions.session (id, data, expiry_date) select store_id, $13, $14 from opened
        )
        select unverified as "unverified!", must_enrol as "must_enrol!" from proven
        "#,
        id as SessionId,
        new.user_id as UserId,
        stored.id,
        new.methods.aal().number(),
        &amr,
        IpNet::from(request.address),
        request.user_agent,
        new.remember,
        interval(idle),
        interval(absolute),
        new.credentials_version,
        SESSIONS_MAX - 1,
        stored.data,
        stored.expires_at,
        need_second_factor as &[Role],
    )
    .fetch_optional(connection)
    .await
}

/// Gives a session a new cookie after reauthentication. Returns `false` if the session ended, or the credentials
/// changed since they were verified. It is `fresh` if this was at the strongest level of the account.
pub async fn renew(
    connection: &mut PgConnection,
    id: SessionId,
    stored: &Stored,
    methods: &Methods,
    credentials_version: Option<i64>,
    fresh: bool,
) -> sqlx::Result<bool> {
    let amr = methods.amr();
    sqlx::query_scalar!(
        r#"
        with proven as (
            select u.id from users u join sessions s on s.user_id = u.id
            where s.id = $1 and ($3::bigint is null or u.credentials_version = $3)
            for share of u
        ), renewed as (
            update sessions set store_id = $2, amr = $4, aal = $5::smallint, last_seen_at = now(),
                authenticated_at = case when $8 then now() else authenticated_at end
            where id = $1 and revoked_at is null and idle_ends_at > now() and absolute_ends_at > now()
                and exists (select 1 from proven)
            returning store_id
        ), stored as (
            insert into tower_sessions.session (id, data, expiry_date) select store_id, $6, $7 from renewed
        )
        select exists (select 1 from renewed) as "renewed!"
        "#,
        id as SessionId,
        stored.id,
        credentials_version,
        &amr,
        methods.aal().number(),
        stored.data,
        stored.expires_at,
        fresh,
    )
    .fetch_one(connection)
    .await
}

/// Revokes a session. Returns `false` if it was revoked already.
pub async fn revoke(connection: &mut PgConnection, id: SessionId) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("update sessions set revoked_at = now() where id = $1 and revoked_at is null", id as SessionId)
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Revokes a session of this account. Returns whether it was live and belonged to the account.
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

/// Revokes every session of an account, and returns how many were live.
pub async fn revoke_all(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<u64> {
    revoke_others(connection, user_id, None).await
}

/// Revokes every session of an account except one, and returns how many were live.
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

/// Converts a setting of at most 400 days, far below an interval's range.
fn interval(duration: Duration) -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX) }
}
