//! What the account's front page shows, in one statement for many visitors at once.

use std::{collections::HashMap, sync::Arc};

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::ListedSession;
use crate::{
    accounts::Factors,
    db::BatchQuery,
    types::{SessionId, UserId},
};

/// The most sessions in an overview; a page of their own lists them all.
const SHOWN: i64 = 3;

/// An account at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    /// When the account was created.
    pub member_since: OffsetDateTime,
    /// When the password was last set; `None` without a password.
    pub password_changed_at: Option<OffsetDateTime>,
    /// The factors.
    pub factors: Factors,
    /// The newest live sessions, the visitor's own first.
    pub sessions: Vec<ListedSession>,
}

/// Finds the overview of an account from one of its sessions.
#[derive(Clone, Copy, Debug)]
pub struct OverviewQuery;

impl BatchQuery for OverviewQuery {
    type Question = (UserId, SessionId);
    type Answer = Arc<Overview>;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        questions: &[(UserId, SessionId)],
    ) -> sqlx::Result<HashMap<(UserId, SessionId), Arc<Overview>>> {
        let (users, current): (Vec<_>, Vec<_>) = questions.iter().copied().unzip();
        let rows = sqlx::query!(
            r#"
            select asked.user_id as "user_id!: UserId", asked.session_id as "current!: SessionId",
                u.created_at as "member_since!", c.changed_at as "password_changed_at?",
                f.totp as "totp!", f.passkeys as "passkeys!", f.recovery_codes as "recovery_codes!",
                s.id as "id!: SessionId", host(s.address) as "address!", s.user_agent as "user_agent!",
                s.remembered as "remembered!", s.created_at as "created_at!", s.last_seen_at as "last_seen_at!",
                s.total as "total!"
            from unnest($1::uuid[], $2::uuid[]) as asked (user_id, session_id)
            join users u on u.id = asked.user_id
            left join password_credentials c on c.user_id = asked.user_id
            cross join lateral (
                select totp, passkeys, recovery_codes from account_factors where user_id = asked.user_id limit 1
            ) f
            cross join lateral (
                select id, address, user_agent, remembered, created_at, last_seen_at, count(*) over () as total
                from sessions
                where user_id = asked.user_id and revoked_at is null and idle_ends_at > now() and absolute_ends_at > now()
                order by id = asked.session_id desc, last_seen_at desc, id limit $3
            ) s
            order by s.id = asked.session_id desc, s.last_seen_at desc, s.id
            "#,
            &users as &[UserId],
            &current as &[SessionId],
            SHOWN,
        )
        .fetch_all(connection)
        .await?;
        let mut found: HashMap<_, Overview> = HashMap::new();
        for row in rows {
            let overview = found.entry((row.user_id, row.current)).or_insert_with(|| Overview {
                member_since: row.member_since,
                password_changed_at: row.password_changed_at,
                factors: Factors::counted(
                    row.password_changed_at.is_some(),
                    row.totp,
                    row.passkeys,
                    row.recovery_codes,
                ),
                sessions: Vec::new(),
            });
            overview.sessions.push(ListedSession {
                id: row.id,
                address: row.address,
                user_agent: row.user_agent,
                remembered: row.remembered,
                created_at: row.created_at,
                last_seen_at: row.last_seen_at,
                total: row.total,
            });
        }
        Ok(found.into_iter().map(|(question, overview)| (question, Arc::new(overview))).collect())
    }
}
