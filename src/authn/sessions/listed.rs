//! Sessions as their owner sees them.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::{
    accounts::Factors,
    types::{SessionId, UserId},
};

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
    /// How many authenticator apps the account has.
    pub totp: i64,
    /// How many passkeys.
    pub passkeys: i64,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
}

impl ListedSession {
    /// What the account can show, with its sessions found in the same statement.
    #[must_use]
    pub fn factors(&self) -> Factors {
        Factors::counted(self.password_changed_at.is_some(), self.totp, self.passkeys, self.recovery_codes)
    }
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
            u.created_at as member_since, c.changed_at as "password_changed_at?", count(*) over () as "total!",
            (select count(*) from totp_factors where user_id = $1 and confirmed_at is not null) as "totp!",
            (select count(*) from passkeys where user_id = $1) as "passkeys!",
            (select count(*) from recovery_codes where user_id = $1 and used_at is null) as "recovery_codes!"
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
