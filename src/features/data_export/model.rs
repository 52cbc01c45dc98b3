//! The exported document. Its field names are a stable format: add fields, but do not rename any.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    features::{email, groups, passkeys, recovery_codes, totp},
    types::ExportedTime,
};

/// Maximum length of each list in the document.
pub const LISTED_MAX: usize = 10_000;
/// How many rows are read per list: one more than is shown, to detect truncation.
pub const ONE_MORE: i64 = 10_001;

/// Everything, in one document.
#[derive(Debug, Serialize)]
pub struct Document {
    /// The service it comes from.
    pub service: String,
    /// When it was created.
    pub generated_at: ExportedTime,
    /// The account itself.
    pub account: Account,
    /// Addresses that it had, for as long as they can be brought back.
    pub former_addresses: List<email::FormerAddress>,
    /// The groups that it is in.
    pub groups: List<groups::ExportedGroup>,
    /// Its sessions, live and recently ended, the last used first.
    pub sessions: List<Session>,
    /// Browsers that signed in to it.
    pub known_browsers: List<KnownBrowser>,
    /// Passkeys, without their keys or anything that identifies the device.
    pub passkeys: List<passkeys::ExportedPasskey>,
    /// Authenticator apps, without their keys.
    pub authenticator_apps: List<totp::ExportedApp>,
    /// Recovery codes, which cannot be read back.
    pub recovery_codes: List<recovery_codes::ExportedCode>,
    /// Sign-ins and ceremonies of passkeys that have not ended.
    pub unfinished: List<passkeys::Unfinished>,
    /// Links that were mailed, until they expire.
    pub mailed_links: List<MailedLink>,
    /// Apps, and what they were allowed.
    pub connected_apps: List<ConnectedApp>,
    /// Sign-ins to apps, without their tokens, until a day after their end.
    pub app_sign_ins: List<AppGrant>,
    /// Sessions of which apps are still to be told that they ended.
    pub app_sign_outs: List<AppSignOut>,
    /// Email that waits to be sent.
    pub waiting_letters: List<Email>,
    /// What happened to it, the newest first.
    pub events: List<Event>,
}

/// The newest of something, and whether that is all.
#[derive(Debug, Serialize)]
pub struct List<T> {
    /// Whether there is nothing beyond these.
    pub complete: bool,
    /// How many there are here.
    pub count: usize,
    /// These.
    pub items: Vec<T>,
}

impl<T> List<T> {
    /// From one more than may be shown.
    pub fn of(mut items: Vec<T>) -> Self {
        let complete = items.len() <= LISTED_MAX;
        items.truncate(LISTED_MAX);
        Self { complete, count: items.len(), items }
    }
}

/// The account.
#[derive(Debug, Serialize)]
pub struct Account {
    pub id: Uuid,
    pub username: String,
    pub display_name: Option<String>,
    pub email: String,
    pub email_verified_at: ExportedTime,
    pub verify_email_by: ExportedTime,
    pub language: Option<String>,
    pub role: String,
    pub created_at: ExportedTime,
    pub password_changed_at: ExportedTime,
    pub disabled_at: ExportedTime,
    pub deletion_due_at: ExportedTime,
}

/// A session.
#[derive(Debug, Serialize)]
pub struct Session {
    pub id: Uuid,
    /// The one that requested this document.
    pub current: bool,
    pub address: String,
    pub user_agent: String,
    pub remembered: bool,
    pub authentication_methods: Vec<String>,
    pub assurance_level: i16,
    pub created_at: ExportedTime,
    pub last_seen_at: ExportedTime,
    pub authenticated_at: ExportedTime,
    pub ends_at: ExportedTime,
    pub ended_at: ExportedTime,
}

/// A browser that signed in before, without the digest of its cookie.
#[derive(Debug, Serialize)]
pub struct KnownBrowser {
    pub first_used_at: ExportedTime,
    pub last_used_at: ExportedTime,
    /// Until when it needs no second factor.
    pub trusted_until: ExportedTime,
    /// Where it was when that was requested.
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// A link that was mailed.
#[derive(Debug, Serialize)]
pub struct MailedLink {
    pub purpose: String,
    pub address: Option<String>,
    pub created_at: ExportedTime,
    pub expires_at: ExportedTime,
    pub used_at: ExportedTime,
}

/// An app that was allowed something.
#[derive(Debug, Serialize)]
pub struct ConnectedApp {
    pub client_id: String,
    pub name: String,
    pub scopes: Vec<String>,
    pub resources: Vec<String>,
    pub allowed_at: ExportedTime,
}

/// An app that is still to be told that a session ended.
#[derive(Debug, Serialize)]
pub struct AppSignOut {
    pub client_id: String,
    pub session_id: Uuid,
    pub ended_at: ExportedTime,
    pub due_at: ExportedTime,
    pub tries: i32,
}

/// A sign-in to an app.
#[derive(Debug, Serialize)]
pub struct AppGrant {
    pub id: Uuid,
    pub client_id: String,
    pub session_id: Option<Uuid>,
    pub scopes: Vec<String>,
    pub resources: Vec<String>,
    pub assurance_level: Option<i16>,
    pub authentication_methods: Vec<String>,
    pub authenticated_at: ExportedTime,
    /// Whether it outlives its session.
    pub without_session: bool,
    pub created_at: ExportedTime,
    pub expires_at: ExportedTime,
    pub ended_at: ExportedTime,
    pub ended_because: Option<String>,
}

/// An email that waits.
#[derive(Debug, Serialize)]
pub struct Email {
    pub kind: String,
    pub address: String,
    pub language: String,
    pub created_at: ExportedTime,
}

/// A row of the audit log.
#[derive(Debug, Serialize)]
pub struct Event {
    pub kind: String,
    pub at: ExportedTime,
    pub actor: String,
    pub session_id: Option<Uuid>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub detail: Value,
}
