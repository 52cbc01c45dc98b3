//! Sessions that are live, and how their use is noted.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::interval;
use crate::{
    accounts::Role,
    config::Lifetimes,
    types::{SessionId, UserId},
};

/// How long a proof is fresh enough for what could hand the account over.
pub const RECENT: Duration = Duration::from_secs(600);
/// A session that was live at the moment of asking, with its account.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a row of answers, each of them yes or no")]
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
    /// Whether that address was shown to be the person's.
    pub email_verified: bool,
    /// The language the person chose, as stored.
    pub language: Option<String>,
    /// What the account may do.
    pub role: Role,
    /// When the session was opened.
    pub created_at: OffsetDateTime,
    /// When the person last proved who they are (`auth_time` of OpenID Connect Core).
    pub authenticated_at: OffsetDateTime,
    /// Whether that was no longer than [`RECENT`] ago, with the best the account has: a password says too
    /// little where there is a second factor.
    pub recent: bool,
    /// Whether the account has to get a second factor before anything else.
    pub must_enrol: bool,
    /// When it ends at the latest.
    pub absolute_ends_at: OffsetDateTime,
    /// Authenticator assurance level.
    pub aal: i16,
    /// RFC 8176 names.
    pub amr: Vec<String>,
    /// Whether it outlives the browser's window.
    pub remembered: bool,
}

/// What [`find_live`] found under one digest.
#[derive(Clone, Debug)]
pub struct Found {
    /// The digest.
    pub store_id: String,
    /// The session.
    pub live: LiveSession,
    /// Whether its last use should be noted again.
    pub touch_due: bool,
    /// For how long all this stays true by itself, counted from before it was asked.
    pub holds_for: Duration,
}

/// Tells who is signed in under each of these digests of cookies, by digest. This one statement is
/// the judge for every page, endpoint and app; [`crate::sessions::cache`] asks it for many visitors at once.
/// Accounts of the roles in `need_second_factor` have to have one.
///
/// # Errors
/// Only the database's.
pub async fn find_live(
    connection: &mut PgConnection,
    store_ids: &[String],
    need_second_factor: &[Role],
) -> sqlx::Result<Vec<Found>> {
    let found = sqlx::query!(
        r#"
        select asked.store_id as "store_id!", live.id as "id!: SessionId", live.user_id as "user_id!: UserId",
            live.username as "username!", live.display_name, live.email as "email!", live.email_verified as "email_verified!",
            live.language, live.role as "role!: Role", live.created_at as "created_at!",
            live.authenticated_at as "authenticated_at!", live.recent as "recent!", live.must_enrol as "must_enrol!",
            live.absolute_ends_at as "absolute_ends_at!", live.aal as "aal!", live.amr as "amr!",
            live.remembered as "remembered!", live.touch_due as "touch_due!", live.holds_for as "holds_for!"
        from unnest($1::text[]) as asked (store_id)
        -- One after the other by their indexes, however small the tables are: with a plain join of a few
        -- thousand sessions PostgreSQL would rather read them all, for every statement.
        cross join lateral (
            select s.id, s.user_id, u.username, u.display_name, u.email, u.email_verified_at is not null as email_verified,
                u.language, u.role, s.created_at, s.authenticated_at, s.absolute_ends_at, s.aal, s.amr, s.remembered,
                s.authenticated_at > now() - make_interval(secs => $2) and (s.aal > 1 or not f.any) as recent,
                u.role = any($3::text[]) and not f.any as must_enrol,
                s.last_seen_at < now() - interval '1 minute' as touch_due,
                extract(epoch from least(
                    s.idle_ends_at, s.absolute_ends_at,
                    -- The next time to note its use; a use that is being noted needs a moment.
                    greatest(s.last_seen_at + interval '1 minute', now() + interval '5 seconds'),
                    case when s.authenticated_at > now() - make_interval(secs => $2)
                        then s.authenticated_at + make_interval(secs => $2) end
                ) - now())::float8 as holds_for
            from sessions s
            join users u on u.id = s.user_id
            cross join lateral (
                select exists (select 1 from totp_factors where user_id = u.id and confirmed_at is not null)
                    or exists (select 1 from passkeys where user_id = u.id) as any
            ) f
            where s.store_id = asked.store_id collate "C" and s.revoked_at is null
                and u.disabled_at is null and u.deletion_due_at is null
                and s.idle_ends_at > now() and s.absolute_ends_at > now()
                -- The two columns sort differently: without a word about that the store's index is not used.
                and exists (select 1 from tower_sessions.session t where t.id = s.store_id collate "default")
            limit 1
        ) live
        "#,
        store_ids,
        RECENT.as_secs_f64(),
        need_second_factor as &[Role],
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
            email_verified: row.email_verified,
            language: row.language,
            role: row.role,
            created_at: row.created_at,
            authenticated_at: row.authenticated_at,
            recent: row.recent,
            must_enrol: row.must_enrol,
            absolute_ends_at: row.absolute_ends_at,
            aal: row.aal,
            amr: row.amr,
            remembered: row.remembered,
        };
        let holds_for = Duration::try_from_secs_f64(row.holds_for).unwrap_or_default();
        Found { store_id: row.store_id, live, touch_due: row.touch_due, holds_for }
    });
    Ok(live.collect())
}

/// Notes that sessions are in use, and puts their idle ends off. Never revives one that has ended, and
/// leaves one that somebody else is changing at this moment.
///
/// # Errors
/// Only the database's.
pub async fn touch(connection: &mut PgConnection, ids: &[SessionId], lifetimes: &Lifetimes) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update sessions
        set last_seen_at = now(),
            idle_ends_at = case when remembered then absolute_ends_at else least(now() + $2::interval, absolute_ends_at) end
        where ctid = any(array(
            select ctid from sessions
            where id = any($1) and revoked_at is null and idle_ends_at > now() and last_seen_at < now() - interval '1 minute'
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
