//! What people have allowed apps, remembered until they take it back.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::types::{AppId, UserId};

/// What a person has allowed an app.
#[derive(Clone, Debug)]
pub struct RememberedConsent {
    /// The time by the database.
    pub now: OffsetDateTime,
    /// The allowed scopes; none if nothing is remembered.
    pub scopes: Option<Vec<String>>,
    /// The allowed resources; none if nothing is remembered.
    pub resources: Option<Vec<String>>,
}

impl RememberedConsent {
    /// Returns whether these scopes and resources were all allowed.
    pub fn covers(&self, scopes: &[String], resources: &[String]) -> bool {
        let all = |wanted: &[String], allowed: Option<&Vec<String>>| {
            allowed.is_some_and(|allowed| wanted.iter().all(|wanted| allowed.contains(wanted)))
        };
        all(scopes, self.scopes.as_ref()) && all(resources, self.resources.as_ref())
    }
}

/// Finds what a person has allowed an app. Also returns the time, which judges how old a sign-in is.
pub async fn find(connection: &mut PgConnection, user_id: UserId, app_id: AppId) -> sqlx::Result<RememberedConsent> {
    sqlx::query_as!(
        RememberedConsent,
        r#"
        select now() as "now!", c.scopes as "scopes?", c.resources as "resources?"
        from (select 1) one left join consents c on c.user_id = $1 and c.app_id = $2
        "#,
        user_id as UserId,
        app_id as AppId,
    )
    .fetch_one(connection)
    .await
}

/// Remembers what a person allows an app, besides what it was allowed before. Returns whether anything was added.
pub async fn remember(
    connection: &mut PgConnection,
    user_id: UserId,
    app_id: AppId,
    scopes: &[String],
    resources: &[String],
) -> sqlx::Result<bool> {
    let added = sqlx::query_scalar!(
        r#"
        insert into consents as c (user_id, app_id, scopes, resources) values ($1, $2, $3, $4)
        on conflict (user_id, app_id) do update
        set scopes = array(select distinct unnest(c.scopes || excluded.scopes) order by 1),
            resources = array(select distinct unnest(c.resources || excluded.resources) order by 1), given_at = now()
        where not (c.scopes @> excluded.scopes and c.resources @> excluded.resources)
        returning true as "added!"
        "#,
        user_id as UserId,
        app_id as AppId,
        scopes,
        resources,
    )
    .fetch_optional(connection)
    .await?;
    Ok(added.is_some())
}

/// An app that a user has consented to, or one with a live grant that the operator allowed for everyone.
#[derive(Clone, Debug)]
pub struct ConnectedApp {
    /// The app.
    pub id: AppId,
    /// `client_id` of OAuth 2.0.
    pub client_id: String,
    /// What people read.
    pub name: String,
    /// The allowed scopes.
    pub scopes: Vec<String>,
    /// The allowed resources.
    pub resources: Vec<String>,
    /// When the user last consented; `None` if the operator allowed the app.
    pub given_at: Option<OffsetDateTime>,
    /// When the person last signed in to it.
    pub last_used_at: OffsetDateTime,
}

/// Lists the apps that a user has consented to, and others with a live grant, most recently used first. An app that is no
/// longer trusted keeps its grants until the user ends them.
pub async fn list(connection: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<ConnectedApp>> {
    sqlx::query_as!(
        ConnectedApp,
        r#"
        select a.id as "id: AppId", a.client_id, a.name, m.scopes as "scopes!", m.resources as "resources!",
            m.given_at as "given_at?", m.last_used_at as "last_used_at!"
        from (
            select c.app_id, c.scopes, c.resources, c.given_at, greatest(c.given_at, (
                select max(created_at) from grants where user_id = c.user_id and app_id = c.app_id
            )) as last_used_at
            from consents c where c.user_id = $1
            union all
            -- What the latest sign-in granted stands for all of them.
            (select distinct on (g.app_id) g.app_id, g.scopes, g.resources, null::timestamptz, g.created_at
            from grants g
            where g.user_id = $1 and g.ended_at is null and g.expires_at > now()
                and not exists (select from consents where user_id = $1 and app_id = g.app_id)
                and (g.offline or exists (
                    select from sessions s
                    where s.id = g.session_id and s.revoked_at is null
                        and s.idle_ends_at > now() and s.absolute_ends_at > now()
                ))
            order by g.app_id, g.created_at desc)
        ) m join apps a on a.id = m.app_id
        order by m.last_used_at desc, a.name, a.id limit 1000
        "#,
        user_id as UserId,
    )
    .fetch_all(connection)
    .await
}

/// Forgets what a person has allowed an app. Returns the app's `client_id`, or none if nothing was allowed.
pub async fn withdraw(connection: &mut PgConnection, user_id: UserId, app_id: AppId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "delete from consents c using apps a where c.user_id = $1 and c.app_id = $2 and a.id = c.app_id
        returning a.client_id",
        user_id as UserId,
        app_id as AppId,
    )
    .fetch_optional(connection)
    .await
}
