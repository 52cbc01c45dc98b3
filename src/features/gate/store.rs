//! SQL of tickets and of sessions on protected hosts.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::model::Onward;
use crate::types::{AppId, SecretToken, SessionId, TokenDigest, UserId};

/// For how long a ticket is good, in seconds.
const TICKET_SECONDS: f64 = 60.0;
/// How many sessions on hosts of one app a session has, at most: a browser has one for each host.
const PER_SESSION_MAX: i64 = 16;

/// A ticket to issue.
#[derive(Clone, Copy, Debug)]
pub struct NewTicket<'a> {
    /// The secret.
    pub ticket: &'a SecretToken,
    /// The app.
    pub app: AppId,
    /// The session of its holder.
    pub session: SessionId,
    /// The digest of the cookie of the browser that knocked.
    pub knock: &'a TokenDigest,
    /// Where it leads.
    pub to: &'a Onward,
}

/// Issues a ticket.
pub async fn issue(connection: &mut PgConnection, new: &NewTicket<'_>) -> sqlx::Result<()> {
    let digest = new.ticket.digest();
    sqlx::query!(
        r#"
        insert into gate_tickets (digest, app_id, session_id, knock, path, expires_at)
        values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
        "#,
        digest.as_bytes(),
        new.app as AppId,
        new.session as SessionId,
        new.knock.as_bytes(),
        new.to.as_str(),
        TICKET_SECONDS,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A session that was opened on a protected host.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where the ticket leads.
    pub path: String,
    /// Whether the session survives closing the browser.
    pub remembered: bool,
    /// When it ends at the latest.
    pub ends_at: OffsetDateTime,
}

/// Uses a ticket of this app and of the browser that knocked, once, and opens a session under the digest of a new
/// cookie. Returns `None` if there is no such ticket, or its session was revoked.
pub async fn enter(
    connection: &mut PgConnection,
    ticket: &TokenDigest,
    app: AppId,
    knock: &TokenDigest,
    cookie: &TokenDigest,
) -> sqlx::Result<Option<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"
        with used as (
            update gate_tickets set used_at = now()
            where digest = $1 and app_id = $2 and knock = $3 and used_at is null and expires_at > now()
            returning app_id, session_id, path
        ), too_many as (
            delete from gate_sessions where digest = any(array(
                select digest from gate_sessions
                where session_id = (select session_id from used) and app_id = $2
                order by created_at desc offset $5
            ))
        ), opened as (
            insert into gate_sessions (digest, app_id, session_id)
            select $4, u.app_id, s.id from used u join sessions s on s.id = u.session_id where s.revoked_at is null
            returning session_id
        )
        select u.path as "path!", s.remembered, s.absolute_ends_at as ends_at
        from opened o join used u on u.session_id = o.session_id join sessions s on s.id = o.session_id
        "#,
        ticket.as_bytes(),
        app as AppId,
        knock.as_bytes(),
        cookie.as_bytes(),
        PER_SESSION_MAX - 1,
    )
    .fetch_optional(connection)
    .await
}

/// Whose ticket was refused, and why.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Its holder.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    /// What was wrong with it.
    pub reason: String,
}

/// Deletes a ticket that could not be used, so that it is refused and reported once.
pub async fn refuse(connection: &mut PgConnection, ticket: &TokenDigest) -> sqlx::Result<Option<Refused>> {
    sqlx::query_as!(
        Refused,
        r#"
        delete from gate_tickets t using sessions s where t.digest = $1 and s.id = t.session_id
        returning s.user_id as "user_id: UserId", s.id as "session_id: SessionId",
            case when t.used_at is not null then 'used' when t.expires_at <= now() then 'expired' else 'browser' end
                as "reason!"
        "#,
        ticket.as_bytes(),
    )
    .fetch_optional(connection)
    .await
}

/// Ends a session on a host of an app.
pub async fn leave(connection: &mut PgConnection, app: AppId, cookie: &TokenDigest) -> sqlx::Result<()> {
    sqlx::query!("delete from gate_sessions where digest = $1 and app_id = $2", cookie.as_bytes(), app as AppId)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes tickets an hour after they expired: until then, a second use is noticed. Returns how many.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from gate_tickets where ctid = any(array(
            select ctid from gate_tickets where expires_at < now() - interval '1 hour'
            order by expires_at limit 1000 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
