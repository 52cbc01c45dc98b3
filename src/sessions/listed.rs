//! Sessions as their owner sees them.

use std::{collections::HashMap, sync::Arc};

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::{
    accounts::Factors,
    db::Ask,
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

/// Asks for the sessions of many accounts at once, at most so many of each: see [`list_live`].
#[derive(Clone, Copy, Debug)]
pub struct Listing(pub u32);

impl Ask for Listing {
    /// Whose sessions, and which of them asks.
    type Question = (UserId, SessionId);
    type Answer = Arc<[ListedSession]>;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        asked: &[(UserId, SessionId)],
    ) -> sqlx::Result<HashMap<(UserId, SessionId), Arc<[ListedSession]>>> {
        let listed = list_live(connection, asked, self.0).await?;
        Ok(listed.into_iter().map(|(asked, listed)| (asked, listed.into())).collect())
    }
}

/// The live sessions of some accounts, at most `limit` of each, the one that asks first and then the last used;
/// with what an account's overview shows beside them: one statement for the whole page.
///
/// # Errors
/// Only the database's.
pub async fn list_live(
    connection: &mut PgConnection,
    asked: &[(UserId, SessionId)],
    limit: u32,
) -> sqlx::Result<HashMap<(UserId, SessionId), Vec<ListedSession>>> {
    let (accounts, asking): (Vec<_>, Vec<_>) = asked.iter().copied().unzip();
    let rows = sqlx::query!(
        r#"
        select asked.user_id as "user_id!: UserId", asked.session_id as "asking!: SessionId", s.id as "id: SessionId",
            host(s.address) as "address!", s.user_agent, s.remembered, s.created_at, s.last_seen_at,
            a.member_since as "member_since!", a.password_changed_at as "password_changed_at?", s.total as "total!",
            a.totp as "totp!", a.passkeys as "passkeys!", a.recovery_codes as "recovery_codes!"
        from unnest($1::uuid[], $2::uuid[]) as asked (user_id, session_id)
        -- One after the other by their indexes, and not a join that reads all of a table while that is small.
        cross join lateral (
            select u.created_at as member_since, c.changed_at as password_changed_at,
                (select count(*) from totp_factors where user_id = u.id and confirmed_at is not null) as totp,
                (select count(*) from passkeys where user_id = u.id) as passkeys,
                (select count(*) from recovery_codes where user_id = u.id and used_at is null) as recovery_codes
            from users u
            left join password_credentials c on c.user_id = u.id
            where u.id = asked.user_id
            limit 1
        ) a
        cross join lateral (
            select *, count(*) over () as total from sessions
            where user_id = asked.user_id and revoked_at is null and idle_ends_at > now() and absolute_ends_at > now()
            order by id = asked.session_id desc, last_seen_at desc, id
            limit $3
        ) s
        order by asked.user_id, asked.session_id, s.id = asked.session_id desc, s.last_seen_at desc, s.id
        "#,
        &accounts as &[UserId],
        &asking as &[SessionId],
        i64::from(limit),
    )
    .fetch_all(connection)
    .await?;
    let mut listed: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        listed.entry((row.user_id, row.asking)).or_default().push(ListedSession {
            id: row.id,
            address: row.address,
            user_agent: row.user_agent,
            remembered: row.remembered,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            member_since: row.member_since,
            password_changed_at: row.password_changed_at,
            total: row.total,
            totp: row.totp,
            passkeys: row.passkeys,
            recovery_codes: row.recovery_codes,
        });
    }
    Ok(listed)
}
