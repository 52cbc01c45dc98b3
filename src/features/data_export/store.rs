//! Reads every table that keeps something about a person. Nothing here writes.

use sqlx::PgConnection;

use super::document::{
    Account, AuthenticatorApp, Event, FormerAddress, KnownBrowser, Letter, List, MailedLink, Passkey, RecoveryCode,
    Session, Unfinished,
};
use crate::types::{SessionId, UserId};

/// The most of anything that one document lists.
pub const LISTED_MAX: usize = 10_000;
const ONE_MORE: i64 = 10_001;

/// Every table with something about a person in it; a test holds that no other has a person's id.
pub const KEPT_ABOUT_A_PERSON: [&str; 13] = [
    "audit_events",
    "email_replacements",
    "known_browsers",
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
            u.role, u.created_at, c.changed_at as "password_changed_at?", u.disabled_at,
            u.deletion_due_at
        from users u left join password_credentials c on c.user_id = u.id
        where u.id = $1
        "#,
        id as UserId,
    )
    .fetch_optional(connection)
    .await
}

pub async fn sessions(connection: &mut PgConnection, id: UserId, current: SessionId) -> sqlx::Result<List<Session>> {
    sqlx::query_as!(
        Session,
        r#"
        select id, id = $2 as "current!", host(address) as "address!", user_agent, remembered,
            amr as authentication_methods, aal as assurance_level, created_at, last_seen_at, authenticated_at,
            least(idle_ends_at, absolute_ends_at) as "ends_at!", revoked_at as ended_at
        from sessions where user_id = $1
        order by last_seen_at desc, id
        limit $3
        "#,
        id as UserId,
        current as SessionId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
    .map(List::of)
}

pub async fn known_browsers(connection: &mut PgConnection, id: UserId) -> sqlx::Result<List<KnownBrowser>> {
    sqlx::query_as!(
        KnownBrowser,
        r#"
        select created_at as first_used_at, last_used_at, trusted_until, host(address) as address, user_agent
        from known_browsers where user_id = $1
        order by last_used_at desc
        limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
    .map(List::of)
}

pub async fn former_addresses(connection: &mut PgConnection, id: UserId) -> sqlx::Result<List<FormerAddress>> {
    sqlx::query_as!(
        FormerAddress,
        r#"
        select address, replaced_at, closed_at as beyond_return_since from email_replacements where user_id = $1
        order by replaced_at desc
        limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
    .map(List::of)
}

pub async fn links(connection: &mut PgConnection, id: UserId) -> sqlx::Result<List<MailedLink>> {
    sqlx::query_as!(
        MailedLink,
        r#"
        select purpose, address, created_at, expires_at, used_at from mailed_links where user_id = $1
        order by created_at desc
        limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
    .map(List::of)
}

pub async fn letters(connection: &mut PgConnection, id: UserId) -> sqlx::Result<List<Letter>> {
    sqlx::query_as!(
        Letter,
        r#"
        select kind, address, language, created_at from outbox where user_id = $1
        order by created_at desc
        limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
    .map(List::of)
}

pub async fn events(connection: &mut PgConnection, id: UserId) -> sqlx::Result<List<Event>> {
    sqlx::query_as!(
        Event,
        r#"
        select kind, at, actor, session_id, host(address) as address, user_agent, detail from audit_events
        where user_id = $1
        order by seq desc
        limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
    .map(List::of)
}

pub async fn passkeys(connection: &mut PgConnection, id: UserId) -> sqlx::Result<List<Passkey>> {
    sqlx::query_as!(
        Passkey,
        r#"
        select name, backed_up as synced, created_at, last_used_at from passkeys where user_id = $1
        order by created_at desc, id
        limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
    .map(List::of)
}

pub async fn authenticator_apps(connection: &mut PgConnection, id: UserId) -> sqlx::Result<List<AuthenticatorApp>> {
    sqlx::query_as!(
        AuthenticatorApp,
        r#"
        select name, created_at, confirmed_at, last_used_at from totp_factors where user_id = $1
        order by created_at desc, id
        limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
    .map(List::of)
}

pub async fn recovery_codes(connection: &mut PgConnection, id: UserId) -> sqlx::Result<List<RecoveryCode>> {
    sqlx::query_as!(
        RecoveryCode,
        r#"
        select created_at, used_at from recovery_codes where user_id = $1
        order by created_at desc, used_at
        limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
    .map(List::of)
}

pub async fn unfinished(connection: &mut PgConnection, id: UserId) -> sqlx::Result<List<Unfinished>> {
    sqlx::query_as!(
        Unfinished,
        r#"
        select 'sign-in' as "what!", created_at as "created_at!", expires_at as "expires_at!"
        from pending_sign_ins where user_id = $1 and used_at is null
        union all
        select 'passkey ' || purpose, created_at, expires_at from webauthn_ceremonies where user_id = $1 and used_at is null
        order by 2 desc
        limit $2
        "#,
        id as UserId,
        ONE_MORE,
    )
    .fetch_all(connection)
    .await
    .map(List::of)
}
