//! Reads the tables of the floor that store something about a user. Nothing here writes.

use sqlx::PgConnection;

use super::model::{
    Account, AppGrant, AppSignOut, ConnectedApp, Email, Event, KnownBrowser, MailedLink, ONE_MORE, Session,
};
use crate::{
    features::passkeys::Unfinished,
    types::{SessionId, UserId},
};

/// Every table with something about a user in it; a test holds that no other has a user's id.
pub const KEPT_ABOUT_A_PERSON: [&str; 17] = [
    "audit_events",
    "consents",
    "email_replacements",
    "grants",
    "group_members",
    "known_browsers",
    "logout_deliveries",
    "mailed_links",
    "outbox",
    "passkeys",
    "password_credentials",
    "pending_sign_ins",
    "recovery_codes",
    "sessions",
    "totp_factors",
    "webauthn_ceremonies",
    "users",
];

pub async fn account(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Option<Account>> {
    sqlx::query_as!(
        Account,
        r#"
        select u.id, u.username, u.display_name, u.email, u.email_verified_at, u.verify_by as verify_email_by, u.language,
            u.role, u.created_at, c.changed_at as "password_changed_at?", u.disabled_at, u.deletion_due_at
        from users u left join password_credentials c on c.user_id = u.id where u.id = $1
        "#,
        id as UserId,
    )
    .fetch_optional(connection)
    .await
}

pub async fn sessions(connection: &mut PgConnection, id: UserId, current: SessionId) -> sqlx::Result<Vec<Session>> {
    sqlx::query_as!(
        Session,
        r#"
        select id, id = $2 as "current!", host(address) as "address!", user_agent, remembered,
            amr as authentication_methods, aal as assurance_level, created_at, last_seen_at, authenticated_at,
            least(idle_ends_at, absolute_ends_at) as "ends_at!", revoked_at as ended_at
        from sessions where user_id = $1 order by last_seen_at desc, id limit $3
        "#,
        id as UserId,
        current as SessionId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
}

pub async fn known_browsers(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Vec<KnownBrowser>> {
    sqlx::query_as!(
        KnownBrowser,
        "select created_at as first_used_at, last_used_at, trusted_until, host(address) as address, user_agent
        from known_browsers where user_id = $1 order by last_used_at desc limit $2",
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
}

pub async fn links(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Vec<MailedLink>> {
    sqlx::query_as!(
        MailedLink,
        "select purpose, address, created_at, expires_at, used_at from mailed_links where user_id = $1
        order by created_at desc limit $2",
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
}

pub async fn emails(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Vec<Email>> {
    sqlx::query_as!(
        Email,
        "select kind, address, language, created_at from outbox where user_id = $1 order by created_at desc limit $2",
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
}

pub async fn events(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Event,
        r#"
        select kind, at, session_id, host(address) as address, user_agent, detail,
            case actor_kind when 'cli' then 'operator' when 'system' then 'service' else actor_kind end as "actor!"
        from audit_events where user_id = $1 order by seq desc limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
}

pub async fn pending_sign_ins(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Vec<Unfinished>> {
    sqlx::query_as!(
        Unfinished,
        r#"select 'sign-in' as "what!", created_at, expires_at from pending_sign_ins
        where user_id = $1 and used_at is null order by created_at desc limit $2"#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
}

pub async fn connected_apps(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Vec<ConnectedApp>> {
    sqlx::query_as!(
        ConnectedApp,
        r#"
        select a.client_id, a.name, c.scopes, c.resources, c.given_at as allowed_at
        from consents c join apps a on a.id = c.app_id where c.user_id = $1 order by c.given_at desc, a.id limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
}

pub async fn grants(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Vec<AppGrant>> {
    sqlx::query_as!(
        AppGrant,
        r#"
        select g.id, a.client_id, g.sid as session_id, g.scopes, g.resources, g.aal as assurance_level,
            g.amr as authentication_methods, g.authenticated_at, g.offline as without_session, g.created_at, g.expires_at,
            g.ended_at, g.ended_because
        from grants g join apps a on a.id = g.app_id where g.user_id = $1 order by g.created_at desc, g.id limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
}

pub async fn sign_outs(connection: &mut PgConnection, id: UserId) -> sqlx::Result<Vec<AppSignOut>> {
    sqlx::query_as!(
        AppSignOut,
        r#"
        select a.client_id, d.sid as session_id, d.created_at as ended_at, d.due_at, d.tries
        from logout_deliveries d join apps a on a.id = d.app_id where d.user_id = $1 order by d.created_at, d.id limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
}
