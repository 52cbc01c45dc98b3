//! The document that a person takes away. Its names are a format: add to it, rename nothing.

use serde::Serialize;
use serde_json::Value;
use time::{OffsetDateTime, serde::rfc3339};
use uuid::Uuid;

use super::store::LISTED_MAX;

/// Everything, in one document.
#[derive(Debug, Serialize)]
pub struct Document {
    /// The service it comes from.
    pub service: String,
    /// When it was put together.
    #[serde(with = "rfc3339")]
    pub generated_at: OffsetDateTime,
    /// The account itself.
    pub account: Account,
    /// Addresses that it had, for as long as they can be brought back.
    pub former_addresses: List<FormerAddress>,
    /// Its sessions, live and ended a short while ago, the last used first.
    pub sessions: List<Session>,
    /// Browsers that signed in to it.
    pub known_browsers: List<KnownBrowser>,
    /// Passkeys, without what is secret or tells the device.
    pub passkeys: List<Passkey>,
    /// Authenticator apps, without their keys.
    pub authenticator_apps: List<AuthenticatorApp>,
    /// Recovery codes, of which nothing can be read back.
    pub recovery_codes: List<RecoveryCode>,
    /// Sign-ins and ceremonies of passkeys that were begun and not ended yet.
    pub unfinished: List<Unfinished>,
    /// Links that were mailed, until they expire.
    pub mailed_links: List<MailedLink>,
    /// Letters that wait to be sent.
    pub waiting_letters: List<Letter>,
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
    #[serde(with = "rfc3339::option")]
    pub email_verified_at: Option<OffsetDateTime>,
    #[serde(with = "rfc3339::option")]
    pub verify_email_by: Option<OffsetDateTime>,
    pub language: Option<String>,
    pub role: String,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub password_changed_at: Option<OffsetDateTime>,
    #[serde(with = "rfc3339::option")]
    pub disabled_at: Option<OffsetDateTime>,
    #[serde(with = "rfc3339::option")]
    pub deletion_due_at: Option<OffsetDateTime>,
}

/// An address that the account had before.
#[derive(Debug, Serialize)]
pub struct FormerAddress {
    pub address: String,
    #[serde(with = "rfc3339")]
    pub replaced_at: OffsetDateTime,
    /// Since when it cannot be brought back.
    #[serde(with = "rfc3339::option")]
    pub beyond_return_since: Option<OffsetDateTime>,
}

/// A session.
#[derive(Debug, Serialize)]
pub struct Session {
    pub id: Uuid,
    /// The one that asked for this document.
    pub current: bool,
    pub address: String,
    pub user_agent: String,
    pub remembered: bool,
    pub authentication_methods: Vec<String>,
    pub assurance_level: i16,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub last_seen_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub authenticated_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub ends_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
}

/// A browser that signed in before. What it is known by is the digest of its cookie.
#[derive(Debug, Serialize)]
pub struct KnownBrowser {
    #[serde(with = "rfc3339")]
    pub first_used_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub last_used_at: OffsetDateTime,
    /// Until when it is asked for no second factor.
    #[serde(with = "rfc3339::option")]
    pub trusted_until: Option<OffsetDateTime>,
    /// Where it was when that was asked for.
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// A passkey.
#[derive(Debug, Serialize)]
pub struct Passkey {
    pub name: String,
    /// Whether it is on several devices of its owner.
    pub synced: bool,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
}

/// An authenticator app.
#[derive(Debug, Serialize)]
pub struct AuthenticatorApp {
    pub name: String,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When a first code was shown; none while it is no factor yet.
    #[serde(with = "rfc3339::option")]
    pub confirmed_at: Option<OffsetDateTime>,
    #[serde(with = "rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
}

/// A recovery code.
#[derive(Debug, Serialize)]
pub struct RecoveryCode {
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub used_at: Option<OffsetDateTime>,
}

/// Something that was begun.
#[derive(Debug, Serialize)]
pub struct Unfinished {
    pub what: String,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// A link that was mailed.
#[derive(Debug, Serialize)]
pub struct MailedLink {
    pub purpose: String,
    pub address: Option<String>,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub used_at: Option<OffsetDateTime>,
}

/// A letter that waits.
#[derive(Debug, Serialize)]
pub struct Letter {
    pub kind: String,
    pub address: String,
    pub language: String,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
}

/// A line of the audit trail.
#[derive(Debug, Serialize)]
pub struct Event {
    pub kind: String,
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    pub actor: String,
    pub session_id: Option<Uuid>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub detail: Value,
}
