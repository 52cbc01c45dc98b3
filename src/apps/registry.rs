//! Writing apps. One function is one query.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{AccessFormat, App, AppKind, ClientAuth, Consent, Pkce, Scope, SigningAlgorithm};
use crate::types::{AppId, TokenDigest, random_uuid};

/// The advisory lock for applying a file of apps, across replicas.
const FILES: i64 = 0x7665_7374_6170_7073;

/// What an operator decides about an app.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registration {
    /// `client_id` of OAuth 2.0.
    pub client_id: String,
    /// The kind of client.
    pub kind: AppKind,
    /// What people read.
    pub name: String,
    /// Whether it must send a PKCE challenge.
    pub pkce: Pkce,
    /// How its tokens are signed.
    pub id_token_alg: SigningAlgorithm,
    /// Format of its access tokens.
    pub access_format: AccessFormat,
    /// Whether ID tokens hold the claims of the scopes too.
    pub id_token_claims: bool,
    /// Who allows it.
    pub consent: Consent,
    /// Least assurance level of a sign-in to it.
    pub min_aal: i16,
    /// Scopes that it may be granted.
    pub scopes: Vec<String>,
    /// Resources that its access tokens may be for.
    pub resources: Vec<String>,
    /// Where it is told that a session ended.
    pub backchannel_uri: Option<String>,
    /// Whether it signs people in in a popup.
    pub popup: bool,
    /// Whether the gate lets CORS preflight requests through.
    pub preflight: bool,
    /// Where codes may go.
    pub redirects: Vec<String>,
    /// Where people may go after signing out.
    pub post_logouts: Vec<String>,
    /// Whose pages may call the token endpoint, besides those of its redirects.
    pub origins: Vec<String>,
    /// The hosts that its proxy protects.
    pub gates: Vec<String>,
    /// The names of the groups that it admits; none means everyone.
    pub groups: Vec<String>,
}

impl Registration {
    /// Creates a registration with the defaults of its kind.
    pub fn draft(kind: AppKind, client_id: &str, name: &str) -> Self {
        let scopes =
            if kind.gets_codes() { Scope::ALL.map(|scope| scope.code().to_owned()).to_vec() } else { Vec::new() };
        let pkce = if kind.auth() == ClientAuth::Secret { Pkce::Offered } else { Pkce::Required };
        Self {
            client_id: client_id.to_owned(),
            kind,
            name: name.to_owned(),
            pkce,
            id_token_alg: SigningAlgorithm::Rs256,
            access_format: AccessFormat::Opaque,
            id_token_claims: false,
            consent: Consent::Ask,
            min_aal: 1,
            scopes,
            resources: Vec::new(),
            backchannel_uri: None,
            popup: false,
            preflight: false,
            redirects: Vec::new(),
            post_logouts: Vec::new(),
            origins: Vec::new(),
            gates: Vec::new(),
            groups: Vec::new(),
        }
    }
}

impl From<&App> for Registration {
    fn from(app: &App) -> Self {
        let app = app.clone();
        Self {
            client_id: app.client_id,
            kind: app.kind,
            name: app.name,
            pkce: app.pkce,
            id_token_alg: app.id_token_alg,
            access_format: app.access_format,
            id_token_claims: app.id_token_claims,
            consent: app.consent,
            min_aal: app.min_aal,
            scopes: app.scopes,
            resources: app.resources,
            backchannel_uri: app.backchannel_uri,
            popup: app.popup,
            preflight: app.preflight,
            redirects: app.redirects,
            post_logouts: app.post_logouts,
            origins: app.origins,
            gates: app.gates,
            groups: app.groups,
        }
    }
}

/// A secret of an app, as far as anyone may see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecretRow {
    /// Its digest.
    pub digest: Vec<u8>,
    /// The last four characters of the secret.
    pub hint: String,
    /// When it was issued.
    pub created_at: OffsetDateTime,
}

/// What an address of an app is for.
#[derive(Clone, Copy, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AddressKind {
    /// Where codes may go.
    Redirect,
    /// Where people may go after signing out.
    PostLogout,
    /// Whose pages may call the token endpoint.
    Origin,
    /// The host that its proxy protects.
    Gate,
}

/// Inserts the row of an app, without addresses and groups.
pub async fn insert(connection: &mut PgConnection, id: AppId, app: &Registration) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into apps (id, client_id, kind, name, auth, pkce, id_token_alg, access_format, id_token_claims, consent,
            min_aal, scopes, resources, backchannel_uri, popup, preflight)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        id as AppId,
        app.client_id,
        app.kind.code(),
        app.name,
        app.kind.auth().code(),
        app.pkce.code(),
        app.id_token_alg.code(),
        app.access_format.code(),
        app.id_token_claims,
        app.consent.code(),
        app.min_aal,
        &app.scopes,
        &app.resources,
        app.backchannel_uri.as_deref(),
        app.popup,
        app.preflight,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Updates the row of an app. Its client id and its kind never change.
pub async fn update(connection: &mut PgConnection, id: AppId, app: &Registration) -> sqlx::Result<()> {
    sqlx::query!(
        "update apps set name = $2, pkce = $3, id_token_alg = $4, access_format = $5, id_token_claims = $6, consent = $7,
            min_aal = $8, scopes = $9, resources = $10, backchannel_uri = $11, popup = $12, preflight = $13
        where id = $1",
        id as AppId,
        app.name,
        app.pkce.code(),
        app.id_token_alg.code(),
        app.access_format.code(),
        app.id_token_claims,
        app.consent.code(),
        app.min_aal,
        &app.scopes,
        &app.resources,
        app.backchannel_uri.as_deref(),
        app.popup,
        app.preflight,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Locks an app until the transaction ends. Returns `None` if nothing has this `client_id`.
pub async fn lock(connection: &mut PgConnection, client_id: &str) -> sqlx::Result<Option<AppId>> {
    sqlx::query_scalar!(r#"select id as "id: AppId" from apps where client_id = $1 for no key update"#, client_id)
        .fetch_optional(connection)
        .await
}

/// Waits until no other file of apps is being applied, for the rest of the transaction.
pub async fn take_turns(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock($1) as "held!: ()""#, FILES).fetch_one(connection).await.map(drop)
}

/// The client ids of all apps, or of those with this name, in order.
pub async fn client_ids(connection: &mut PgConnection, name: Option<&str>) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select client_id from apps where $1::text is null or name = $1 order by client_id", name)
        .fetch_all(connection)
        .await
}

/// Makes these the addresses of one kind.
pub async fn set_addresses(
    connection: &mut PgConnection,
    id: AppId,
    kind: AddressKind,
    uris: &[String],
) -> sqlx::Result<()> {
    let kind: &str = kind.into();
    sqlx::query!(
        "with gone as (delete from app_addresses where app_id = $1 and kind = $2 and uri <> all($3))
        insert into app_addresses (app_id, kind, uri) select $1, $2, uri from unnest($3::text[]) uri
        on conflict (app_id, kind, uri) do nothing",
        id as AppId,
        kind,
        uris,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Returns which of these groups exist, and keeps them from being deleted until the transaction ends: an app without its
/// group would admit everyone.
pub async fn hold_groups(connection: &mut PgConnection, names: &[String]) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select name from groups where name = any($1) order by name for key share", names)
        .fetch_all(connection)
        .await
}

/// Makes these groups the ones that an app admits.
pub async fn set_groups(connection: &mut PgConnection, id: AppId, names: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        "with gone as (
            delete from app_groups where app_id = $1
                and group_id not in (select g.id from groups g where g.name = any($2))
        )
        insert into app_groups (app_id, group_id) select $1, g.id from groups g where g.name = any($2)
        on conflict (app_id, group_id) do nothing",
        id as AppId,
        names,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Disables or enables an app. Returns whether that changed anything.
pub async fn set_disabled(connection: &mut PgConnection, id: AppId, disabled: bool) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update apps set disabled_at = case when $2 then now() end where id = $1 and (disabled_at is not null) <> $2",
        id as AppId,
        disabled,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes an app with everything it was granted.
pub async fn delete(connection: &mut PgConnection, id: AppId) -> sqlx::Result<()> {
    sqlx::query!("delete from apps where id = $1", id as AppId).execute(connection).await.map(drop)
}

/// Inserts a secret. The database refuses a third one; see [`is_third_secret`].
pub async fn insert_secret(
    connection: &mut PgConnection,
    id: AppId,
    digest: &TokenDigest,
    hint: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into app_secrets (id, app_id, digest, hint) values ($1, $2, $3, $4)",
        random_uuid(),
        id as AppId,
        digest.as_bytes(),
        hint,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Returns whether a secret was refused because its app has two.
pub fn is_third_secret(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.constraint() == Some("app_secrets_at_most_two"))
}

/// The secrets of an app, the oldest first.
pub async fn secrets(connection: &mut PgConnection, id: AppId) -> sqlx::Result<Vec<SecretRow>> {
    sqlx::query_as!(
        SecretRow,
        "select digest, hint, created_at from app_secrets where app_id = $1 order by created_at, id",
        id as AppId,
    )
    .fetch_all(connection)
    .await
}

/// Deletes a secret.
pub async fn delete_secret(connection: &mut PgConnection, digest: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from app_secrets where digest = $1", digest).execute(connection).await.map(drop)
}
