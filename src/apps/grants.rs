//! Grants: what an app may do for one person since one sign-in. Every code and token belongs to one.

use std::time::Duration;

use sqlx::PgConnection;
use strum::IntoStaticStr;

use crate::types::{AppId, AppToken, GrantId, SessionId, TokenKind, UserId};

/// How long a code can be exchanged.
pub const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// Why a grant was ended early. Triggers end those of a revoked session and of a changed password.
#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "lowercase")]
pub enum EndedBecause {
    /// A code or refresh token was used twice, or by another app.
    Reuse,
    /// The app revoked it.
    Revoked,
    /// The person took the consent back.
    Consent,
    /// The operator ended it.
    App,
}

impl EndedBecause {
    /// The stored code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A grant to open.
#[derive(Clone, Copy, Debug)]
pub struct NewGrant<'a> {
    /// The app.
    pub app_id: AppId,
    /// The session that grants it; who and how they authenticated is read from its row.
    pub session_id: SessionId,
    /// The granted scopes.
    pub scopes: &'a [String],
    /// The granted resources.
    pub resources: &'a [String],
    /// For how long it outlives its session (`offline_access`); none if it ends with it.
    pub offline: Option<Duration>,
    /// Whether a remembered consent allows it. Otherwise the operator does, or the person just now.
    pub remembered: bool,
}

/// The code that a grant is opened with.
#[derive(Clone, Copy, Debug)]
pub struct NewCode<'a> {
    /// Where it goes.
    pub redirect_uri: &'a str,
    /// The PKCE challenge (S256).
    pub challenge: Option<&'a [u8; 32]>,
    /// `nonce` of the request.
    pub nonce: Option<&'a str>,
    /// Claims requested for the ID token.
    pub claims: &'a [String],
}

/// Opens a grant with its code. Returns `None` if the session or the remembered consent is gone.
///
/// The consent stays locked until the grant is committed, so a withdrawal comes before it, or finds it and ends it. A
/// session is not locked: if it is revoked at the same time, its grant is worth nothing, because grants are judged with
/// their session.
pub async fn open(
    connection: &mut PgConnection,
    grant: &NewGrant<'_>,
    code: &NewCode<'_>,
) -> sqlx::Result<Option<AppToken>> {
    let token = AppToken::random(TokenKind::Code);
    let digest = token.digest();
    let opened = sqlx::query_scalar!(
        r#"
        with consented as (
            select from consents c join sessions s on s.user_id = c.user_id
            where s.id = $1 and c.app_id = $3 and c.scopes @> $4 and c.resources @> $5
            for key share of c
        ), live as (
            select s.id, s.user_id, s.aal, s.amr, s.authenticated_at, s.absolute_ends_at
            from sessions s join users u on u.id = s.user_id
            where s.id = $1 and s.revoked_at is null and s.idle_ends_at > now() and s.absolute_ends_at > now()
                and u.disabled_at is null and u.deletion_due_at is null
                and (not $13 or exists (select from consented))
        ), opened as (
            insert into grants
                (id, app_id, user_id, session_id, sid, scopes, resources, aal, amr, authenticated_at, offline, expires_at)
            select $2, $3, user_id, id, id, $4, $5, aal, amr, authenticated_at, $6::float8 is not null,
                coalesce(now() + make_interval(secs => $6::float8), absolute_ends_at)
            from live returning id
        )
        insert into authorization_codes (digest, grant_id, redirect_uri, challenge, nonce, claims, expires_at)
        select $7, id, $8, $9, $10, $11, now() + make_interval(secs => $12) from opened
        returning true as "opened!"
        "#,
        grant.session_id as SessionId,
        GrantId::random() as GrantId,
        grant.app_id as AppId,
        grant.scopes,
        grant.resources,
        grant.offline.map(|offline| offline.as_secs_f64()),
        digest.as_bytes(),
        code.redirect_uri,
        code.challenge.map(<[u8; 32]>::as_slice),
        code.nonce,
        code.claims,
        CODE_LIFETIME.as_secs_f64(),
        grant.remembered,
    )
    .fetch_optional(connection)
    .await?;
    Ok(opened.map(|_| token))
}

/// A grant that has just ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its user; `None` if the app acted for itself.
    pub user_id: Option<UserId>,
    /// `client_id` of its app.
    pub client_id: String,
}

/// Ends a grant with all its codes and tokens. Returns `None` if it had ended before.
pub async fn end(connection: &mut PgConnection, id: GrantId, because: EndedBecause) -> sqlx::Result<Option<Ended>> {
    sqlx::query_as!(
        Ended,
        r#"
        update grants g set ended_at = now(), ended_because = $2 from apps a
        where g.id = $1 and g.ended_at is null and a.id = g.app_id
        returning g.user_id as "user_id: UserId", a.client_id
        "#,
        id as GrantId,
        because.code(),
    )
    .fetch_optional(connection)
    .await
}

/// Ends every grant of a person to an app, and returns how many.
pub async fn end_of(
    connection: &mut PgConnection,
    user_id: UserId,
    app_id: AppId,
    because: EndedBecause,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update grants set ended_at = now(), ended_because = $3
        where user_id = $1 and app_id = $2 and ended_at is null and expires_at > now()",
        user_id as UserId,
        app_id as AppId,
        because.code(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Ends every grant of an app. Returns how many were live.
pub async fn end_of_app(connection: &mut PgConnection, id: AppId) -> sqlx::Result<u64> {
    let ended = sqlx::query_scalar!(
        r#"
        with ended as (
            update grants set ended_at = now(), ended_because = $2 where app_id = $1 and ended_at is null
            returning expires_at
        )
        select count(*) filter (where expires_at > now()) as "count!" from ended
        "#,
        id as AppId,
        EndedBecause::App.code(),
    )
    .fetch_one(connection)
    .await?;
    Ok(ended.unsigned_abs())
}

/// Deletes grants a day after their end, with their codes and tokens, and returns how many.
pub async fn sweep(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        delete from grants where ctid = any(array(
            select ctid from grants where least(expires_at, ended_at) < now() - interval '1 day'
            order by least(expires_at, ended_at) limit 500 for update skip locked
        ))
        "#
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
