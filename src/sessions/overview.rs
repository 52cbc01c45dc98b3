//! The dashboard's overview of an account, fetched for many visitors in one statement.

use std::{collections::HashMap, sync::Arc};

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::ListedSession;
use crate::{
    accounts::Factors,
    db::BatchQuery,
    types::{SessionId, UserId},
};

/// Maximum number of sessions in an overview; a separate page lists all of them.
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
    /// The most recent live sessions, the current one first.
    pub sessions: Vec<ListedSession>,
}

/// Finds the overview of an account from one of its sessions.
#[derive(Clone, Copy, Debug)]
pub struct OverviewQuery;

/// One session of one overview.
struct Row {
    user_id: UserId,
    current: SessionId,
    member_since: OffsetDateTime,
    password_changed_at: Option<OffsetDateTime>,
    totp: i64,
    passkeys: i64,
    recovery_codes: i64,
    id: SessionId,
    address: String,
    user_agent: String,
    remembered: bool,
    created_at: OffsetDateTime,
    last_seen_at: OffsetDateTime,
    total: i64,
}

impl BatchQuery for OverviewQuery {
    type Question = (UserId, SessionId);
    type Answer = Arc<Overview>;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        questions: &[(UserId, SessionId)],
    ) -> sqlx::Result<HashMap<(UserId, SessionId), Arc<Overview>>> {
        let mut found: HashMap<_, Overview> = HashMap::new();
        for row in rows(connection, questions).await? {
            let overview = found.entry((row.user_id, row.current)).or_insert_with(|| row.without_session());
            overview.sessions.push(row.session());
        }
        Ok(found.into_iter().map(|(question, overview)| (question, Arc::new(overview))).collect())
    }
}

async fn rows(connection: &mut PgConnection, questions: &[(UserId, SessionId)]) -> sqlx::Result<Vec<Row>> {
    let (users, current): (Vec<_>, Vec<_>) = questions.iter().copied().unzip();
    sqlx::query_as!(
        Row,
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
    .await
}

impl Row {
    fn without_session(&self) -> Overview {
        let password = self.password_changed_at.is_some();
        Overview {
            member_since: self.member_since,
            password_changed_at: self.password_changed_at,
            factors: Factors::counted(password, self.totp, self.passkeys, self.recovery_codes),
            sessions: Vec::new(),
        }
    }

    fn session(self) -> ListedSession {
        ListedSession {
            id: self.id,
            address: self.address,
            user_agent: self.user_agent,
            remembered: self.remembered,
            created_at: self.created_at,
            last_seen_at: self.last_seen_at,
            total: self.total,
        }
    }
}
