//! Live sessions: finding, listing, locking and touching them.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::interval;
use crate::{
    accounts::Role,
    config::Lifetimes,
    types::{SessionId, UserId},
};

/// How long an authentication counts as recent for sensitive changes.
pub const FRESH: Duration = Duration::from_secs(600);

/// A live session with its account, as of the query.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent columns of a row")]
pub struct LiveSession {
    /// The digest of the cookie.
    pub store_id: String,
    /// The session.
    pub id: SessionId,
    /// The account.
    pub user_id: UserId,
    /// The username.
    pub username: String,
    /// The display name.
    pub display_name: Option<String>,
    /// The email address.
    pub email: String,
    /// Whether the address is verified.
    pub email_verified: bool,
    /// The user's language, as stored.
    pub language: Option<String>,
    /// The role.
    pub role: Role,
    /// The names of the account's groups, sorted.
    pub groups: Vec<String>,
    /// When the session was created.
    pub created_at: OffsetDateTime,
    /// When the user last authenticated (`auth_time` of OpenID Connect Core).
    pub authenticated_at: OffsetDateTime,
    /// Whether that was within [`FRESH`], with the strongest level of the account: a password is not enough if there is
    /// a second factor.
    pub recent: bool,
    /// Whether the session has the strongest level of the account.
    pub proves_best: bool,
    /// Whether the account must add a second factor first.
    pub must_enrol: bool,
    /// The absolute expiry.
    pub absolute_ends_at: OffsetDateTime,
    /// The authenticator assurance level.
    pub aal: i16,
    /// The authentication methods (RFC 8176).
    pub amr: Vec<String>,
    /// Whether it survives closing the browser.
    pub remembered: bool,
    /// Whether the last use should be updated.
    pub touch_due: bool,
    /// How long this stays valid without a change of the data, in seconds since the start of the query.
    pub holds_for: f64,
}

impl LiveSession {
    /// Returns whether the user authenticated within this time, with the strongest level of the account.
    pub fn is_fresh(&self, within: Duration, now: OffsetDateTime) -> bool {
        // The database judges [`FRESH`], with one clock for all replicas.
        if within == FRESH {
            self.recent
        } else {
            self.recent || (self.proves_best && now - self.authenticated_at < within)
        }
    }
}

/// Finds the live sessions of these cookie digests. This statement authorises every page, endpoint and app;
/// [`crate::sessions::cache`] batches it. Accounts with a role in `need_second_factor` must have a second factor.
pub async fn find_live(
    connection: &mut PgConnection,
    store_ids: &[String],
    need_second_factor: &[Role],
) -> sqlx::Result<Vec<LiveSession>> {
    sqlx::query_as!(
        LiveSession,
        r#"
        select asked.store_id as "store_id!", live.id as "id!: SessionId", live.user_id as "user_id!: UserId",
            live.username as "username!", live.display_name, live.email as "email!", live.email_verified as "email_verified!",
            live.language, live.role as "role!: Role", live.groups as "groups!",
            live.created_at as "created_at!", live.authenticated_at as "authenticated_at!", live.recent as "recent!",
            live.proves_best as "proves_best!", live.must_enrol as "must_enrol!",
            live.absolute_ends_at as "absolute_ends_at!", live.aal as "aal!", live.amr as "amr!",
            live.remembered as "remembered!", live.touch_due as "touch_due!", live.holds_for as "holds_for!"
        from unnest($1::text[]) as asked (store_id)
        -- One after the other by their indexes, however small the tables are: with a plain join of a few
        -- thousand sessions PostgreSQL would rather read them all, for every statement.
        cross join lateral (
            select s.id, s.user_id, u.username, u.display_name, u.email, u.email_verified_at is not null as email_verified,
                u.language, u.role, s.created_at,
                array(select g.name from group_members m join groups g on g.id = m.group_id where m.user_id = u.id
                    order by g.name) as groups,
                s.authenticated_at, s.absolute_ends_at, s.aal, s.amr, s.remembered,
                -- Nothing was proven in the future, by a clock that was ahead.
                s.authenticated_at between now() - make_interval(secs => $2) and now() + interval '1 minute'
                    and (s.aal > 1 or not f.any) as recent,
                s.aal > 1 or not f.any as proves_best,
                u.role = any($3::text[]) and not f.any as must_enrol,
                s.last_seen_at not between now() - interval '1 minute' and now() + interval '1 minute' as touch_due,
                extract(epoch from least(
                    s.idle_ends_at, s.absolute_ends_at,
                    -- The next time to note its use; a use that is being noted needs a moment.
                    greatest(s.last_seen_at + interval '1 minute', now() + interval '5 seconds'),
                    case when s.authenticated_at > now() - make_interval(secs => $2)
                        then s.authenticated_at + make_interval(secs => $2) end
                ) - now())::float8 as holds_for
            from sessions s
            join users u on u.id = s.user_id
            cross join lateral (select second as any from account_factors where user_id = u.id limit 1) f
            where s.store_id = asked.store_id collate "C" and s.revoked_at is null
                and u.disabled_at is null and u.deletion_due_at is null
                and s.idle_ends_at > now() and s.absolute_ends_at > now()
                -- The two columns sort differently: without a word about that the store's index is not used.
                and exists (select 1 from tower_sessions.session t where t.id = s.store_id collate "default")
            limit 1
        ) live
        "#,
        store_ids,
        FRESH.as_secs_f64(),
        need_second_factor as &[Role],
    )
    .fetch_all(connection)
    .await
}

/// Updates the last use and the idle expiry of sessions. Never revives an ended session, and skips locked ones.
pub async fn touch(connection: &mut PgConnection, ids: &[SessionId], lifetimes: &Lifetimes) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update sessions
        set last_seen_at = now(),
            idle_ends_at = case when remembered then absolute_ends_at else least(now() + $2::interval, absolute_ends_at) end
        where ctid = any(array(
            select ctid from sessions
            where id = any($1) and revoked_at is null and idle_ends_at > now()
                and last_seen_at not between now() - interval '1 minute' and now() + interval '1 minute'
            for update skip locked
        ))
        "#,
        ids as &[SessionId],
        interval(lifetimes.idle),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Locks a session until the end of the transaction, so that it cannot be revoked meanwhile. Returns whether it is
/// live.
pub async fn lock(connection: &mut PgConnection, id: SessionId) -> sqlx::Result<bool> {
    let live = sqlx::query_scalar!(
        r#"
        select true as "live!" from sessions
        where id = $1 and revoked_at is null and idle_ends_at > now() and absolute_ends_at > now()
        for no key update
        "#,
        id as SessionId,
    )
    .fetch_optional(connection)
    .await?;
    Ok(live.is_some())
}

/// A live session as shown to its owner.
#[derive(Clone, Debug)]
pub struct ListedSession {
    /// The session.
    pub id: SessionId,
    /// The IP address at sign-in.
    pub address: String,
    /// The browser's `User-Agent` header.
    pub user_agent: String,
    /// Whether it survives closing the browser.
    pub remembered: bool,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it was last used, to the minute.
    pub last_seen_at: OffsetDateTime,
    /// The number of live sessions of the account.
    pub total: i64,
}

/// Lists at most `limit` live sessions of an account: the current one first, then by last use.
pub async fn list_live(
    connection: &mut PgConnection,
    user_id: UserId,
    current: SessionId,
    limit: i64,
) -> sqlx::Result<Vec<ListedSession>> {
    sqlx::query_as!(
        ListedSession,
        r#"
        select id as "id: SessionId", host(address) as "address!", user_agent, remembered, created_at, last_seen_at,
            count(*) over () as "total!"
        from sessions
        where user_id = $1 and revoked_at is null and idle_ends_at > now() and absolute_ends_at > now()
        order by id = $2 desc, last_seen_at desc, id limit $3
        "#,
        user_id as UserId,
        current as SessionId,
        limit,
    )
    .fetch_all(connection)
    .await
}
