//! What a token is worth now.
//!
//! 1. Every token belongs to a grant, and is worth what the grant is worth: nothing once the grant ended or expired, its
//!    app was disabled, its account was disabled or is being deleted, the app no longer admits the person, or the
//!    session ended and the grant has no offline access.
//! 2. One statement decides that ([`judge`]). The token endpoint, userinfo and introspection all ask it, so that what
//!    ends a token ends it everywhere with the next request.
//! 3. Userinfo and introspection use [`super::TokenCache`], which caches the result until any of this changes. Issuing
//!    and ending tokens queries the database.
//! 4. What the caller may do with the answer depends on the caller: it checks scopes, audience and app afterwards, and
//!    the answer names no caller.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::claims::Person;
use crate::types::{AppId, GrantId, TokenDigest, UserId};

/// What is judged.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Subject {
    /// An opaque access token, by its digest.
    Access(TokenDigest),
    /// A grant, whose code, refresh token or signed token was checked by the caller.
    Grant(GrantId),
}

impl Subject {
    fn parts(self) -> (Option<TokenDigest>, Option<GrantId>) {
        match self {
            Self::Access(digest) => (Some(digest), None),
            Self::Grant(id) => (None, Some(id)),
        }
    }
}

/// A live grant.
#[derive(Clone, Debug)]
pub struct Live {
    /// The grant.
    pub grant_id: GrantId,
    /// The app.
    pub app_id: AppId,
    /// Its `client_id`.
    pub client_id: String,
    /// The person; `None` if the app acts for itself.
    pub person: Option<Person>,
    /// The session as apps know it.
    pub sid: Option<Uuid>,
    /// The granted scopes.
    pub scopes: Vec<String>,
    /// The granted resources.
    pub resources: Vec<String>,
    /// The assurance level of the sign-in.
    pub aal: Option<i16>,
    /// How the person authenticated (RFC 8176).
    pub amr: Vec<String>,
    /// When the person authenticated.
    pub authenticated_at: Option<OffsetDateTime>,
    /// Whether it outlives its session.
    pub offline: bool,
    /// Claims that were requested for ID tokens.
    pub requested_claims: Vec<String>,
    /// In how many seconds the grant expires.
    pub expires_in: f64,
    /// For how many seconds this stays true if no row changes.
    pub holds_for: f64,
    /// The opaque access token, if one was judged.
    pub token: Option<Opaque>,
}

/// An opaque access token.
#[derive(Clone, Debug)]
pub struct Opaque {
    /// Its scopes.
    pub scopes: Vec<String>,
    /// The resources that it is for; none means the userinfo endpoint.
    pub audience: Vec<String>,
    /// When it was issued.
    pub created_at: OffsetDateTime,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

/// Returns the live grant of a token, or `None` if it is worth nothing.
pub async fn judge(connection: &mut PgConnection, subject: Subject) -> sqlx::Result<Option<Live>> {
    let (digest, grant_id) = subject.parts();
    let row = sqlx::query_as!(
        Row,
        r#"
        select g.id as "grant_id: GrantId", g.app_id as "app_id: AppId", a.client_id, g.user_id as "user_id: UserId",
            g.sid, g.scopes, g.resources, g.aal, g.amr, g.authenticated_at, g.offline,
            array(select unnest(claims) from authorization_codes where grant_id = g.id) as "requested_claims!",
            extract(epoch from g.expires_at - now())::float8 as "expires_in!",
            extract(epoch from least(
                g.expires_at, t.expires_at, case when not g.offline then
                    (select least(idle_ends_at, absolute_ends_at) from sessions where id = g.session_id) end
            ) - now())::float8 as "holds_for!",
            u.username as "username?", u.display_name, u.language, u.email as "email?",
            coalesce(u.profile_updated_at, u.created_at) as updated_at,
            u.email_verified_at is not null as "email_verified!",
            array(
                select g.name from group_members m join groups g on g.id = m.group_id
                where m.user_id = u.id order by g.name
            ) as "groups!",
            t.scopes as "token_scopes?", t.audience as "token_audience?", t.created_at as "token_created_at?",
            t.expires_at as "token_expires_at?"
        from grants g
        join apps a on a.id = g.app_id
        left join access_tokens t on t.digest = $1
        left join users u on u.id = g.user_id
        where g.id = coalesce($2, (select grant_id from access_tokens where digest = $1 and expires_at > now()))
            and g.ended_at is null and g.expires_at > now() and a.disabled_at is null
            and (g.user_id is null or (
                u.disabled_at is null and u.deletion_due_at is null
                and (
                    not exists (select from app_groups where app_id = g.app_id)
                    or exists (
                        select from app_groups ag join group_members m on m.group_id = ag.group_id
                        where ag.app_id = g.app_id and m.user_id = g.user_id
                    )
                )
                and (g.offline or exists (
                    select from sessions s
                    where s.id = g.session_id and s.revoked_at is null
                        and s.idle_ends_at > now() and s.absolute_ends_at > now()
                        and exists (select from tower_sessions.session t where t.id = s.store_id collate "default")
                ))
            ))
        "#,
        digest.as_ref().map(TokenDigest::as_bytes),
        grant_id as Option<GrantId>,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Row::into_live))
}

/// The columns of the statement.
struct Row {
    grant_id: GrantId,
    app_id: AppId,
    client_id: String,
    user_id: Option<UserId>,
    sid: Option<Uuid>,
    scopes: Vec<String>,
    resources: Vec<String>,
    aal: Option<i16>,
    amr: Vec<String>,
    authenticated_at: Option<OffsetDateTime>,
    offline: bool,
    requested_claims: Vec<String>,
    expires_in: f64,
    holds_for: f64,
    username: Option<String>,
    display_name: Option<String>,
    language: Option<String>,
    email: Option<String>,
    updated_at: Option<OffsetDateTime>,
    email_verified: bool,
    groups: Vec<String>,
    token_scopes: Option<Vec<String>>,
    token_audience: Option<Vec<String>>,
    token_created_at: Option<OffsetDateTime>,
    token_expires_at: Option<OffsetDateTime>,
}

impl Row {
    fn into_live(self) -> Live {
        let known = self.user_id.zip(self.username.zip(self.email)).zip(self.updated_at);
        let person = known.map(|((id, (username, email)), updated_at)| Person {
            id,
            username,
            display_name: self.display_name,
            language: self.language,
            updated_at,
            email,
            email_verified: self.email_verified,
            groups: self.groups,
        });
        let times = self.token_created_at.zip(self.token_expires_at);
        let token = self.token_scopes.zip(self.token_audience).zip(times);
        Live {
            grant_id: self.grant_id,
            app_id: self.app_id,
            client_id: self.client_id,
            person,
            sid: self.sid,
            scopes: self.scopes,
            resources: self.resources,
            aal: self.aal,
            amr: self.amr,
            authenticated_at: self.authenticated_at,
            offline: self.offline,
            requested_claims: self.requested_claims,
            expires_in: self.expires_in,
            holds_for: self.holds_for,
            token: token.map(|((scopes, audience), (created_at, expires_at))| Opaque {
                scopes,
                audience,
                created_at,
                expires_at,
            }),
        }
    }
}

impl Live {
    /// `sub`: the person, or the app that acts for itself.
    pub fn subject(&self) -> String {
        self.person.as_ref().map_or_else(|| self.client_id.clone(), |person| person.id.to_string())
    }

    /// The id whose changes invalidate it: the user's, or the grant's own without a user.
    pub fn owner(&self) -> Uuid {
        self.person.as_ref().map_or(self.grant_id.0, |person| person.id.0)
    }

    /// `acr`: the assurance level of the sign-in.
    pub fn acr(&self) -> Option<String> {
        self.aal.map(|aal| format!("aal{aal}"))
    }
}
