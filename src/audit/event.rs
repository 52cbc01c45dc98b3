//! Audit events.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::IntoStaticStr;
use uuid::Uuid;

use crate::types::{SessionId, UserId};

/// An audit event, stored as its name (`kind`), a version, and its fields as JSON.
#[expect(missing_docs, reason = "the variants explain their fields")]
#[derive(Clone, Debug, Deserialize, Eq, IntoStaticStr, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum(serialize_all = "kebab-case")]
pub enum Event {
    /// An account was created.
    SignedUp,
    /// The owner verified the email address.
    EmailVerified,
    /// An address that was never verified was corrected.
    EmailCorrected,
    /// A session was created, with these authentication methods (RFC 8176).
    SignedIn { amr: Vec<String> },
    /// A sign-in was refused. `proven`: more than a typed name identified the account, so that the log may name it. Not
    /// stored. `times`: how many refusals the event stands for; one unless no account was meant (see [`Self::times`]).
    SignInFailed {
        #[serde(skip)]
        proven: bool,
        #[serde(default = "once", skip_serializing_if = "is_once")]
        times: u64,
    },
    /// A signed-in user entered a wrong current password at a form.
    PasswordMistyped { at: PasswordPrompt },
    /// A passkey's signature counter went backwards: it may be cloned (WebAuthn Level 3, section 6.1.1).
    PasskeyCopied,
    /// The user signed out.
    SignedOut,
    /// The user reauthenticated.
    Reauthenticated,
    /// The user changed the password, knowing the old one.
    PasswordChanged,
    /// The password was reset through an emailed link.
    PasswordReset,
    /// The operator started account recovery for the owner.
    RecoveryStarted,
    /// A recovery link was emailed.
    RecoveryMailed,
    /// The display name or the language was changed.
    ProfileChanged,
    /// A confirmation link was sent to a new address.
    EmailChangeMailed,
    /// The address was changed.
    EmailChanged,
    /// The address change was undone from the old address.
    EmailChangeUndone,
    /// The owner closed the way back to former addresses.
    EmailUndoClosed,
    /// One other session was revoked.
    SessionEnded { ended: SessionId },
    /// All other sessions were revoked: so many live ones.
    OtherSessionsEnded { count: u64 },
    /// The user downloaded their data.
    DataDownloaded,
    /// The account was scheduled for deletion.
    DeletionScheduled,
    /// The deletion was cancelled.
    DeletionUndone,
    /// The account was deleted.
    Erased,
    /// The account was disabled.
    Disabled,
    /// The account was enabled again.
    Enabled,
    /// The account's role was changed to this one.
    RoleChanged { role: String },
    /// A group was created.
    GroupCreated { group: String },
    /// A group was removed.
    GroupRemoved { group: String },
    /// The account was added to this group.
    AddedToGroup { group: String },
    /// The account was removed from this group, or the group was removed.
    RemovedFromGroup { group: String },
    /// A link to create the first administrator was issued.
    SetupLinkIssued,
    /// An app was added.
    AppAdded { client_id: String },
    /// The registration of an app was changed.
    AppChanged { client_id: String },
    /// An app was removed with its grants.
    AppRemoved { client_id: String },
    /// An app was disabled, and its grants ended.
    AppDisabled { client_id: String },
    /// An app was enabled again.
    AppEnabled { client_id: String },
    /// A secret of an app was issued.
    AppSecretIssued { client_id: String },
    /// A secret of an app was revoked.
    AppSecretRevoked { client_id: String },
    /// Someone signed up with this account's address.
    SignUpRepeated,
    /// A refresh token of an app was used again, or by another app: what the app was allowed has ended.
    RefreshReused { client_id: String },
    /// A code of an app was used twice: what the app was allowed has ended.
    CodeReused { client_id: String },
    /// A key that signs tokens was created, because none of its algorithm signed.
    SigningKeyCreated { kid: String, alg: String },
    /// The successor of a key that signs tokens was created.
    SigningKeyRotated { kid: String, alg: String },
    /// A key that signs tokens was retired: what it signed is worth nothing.
    SigningKeyRetired { kid: String, alg: String },
    /// A second factor was added: `totp` or `passkey`.
    FactorAdded { factor: String },
    /// A second factor was removed: `totp` or `passkey`.
    FactorRemoved { factor: String },
    /// The password was right, and a second factor was requested.
    FactorAsked,
    /// A second factor was refused, during sign-in or in a session: `totp`, `passkey` or `recovery_code`.
    FactorFailed { factor: String },
    /// Recovery codes were generated; older ones are invalid.
    RecoveryCodesMade,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// The user removed the password and signs in with passkeys.
    PasswordRemoved,
    /// A browser was trusted, so that it skips the second factor for a while.
    BrowserTrusted,
    /// The trust in a browser was revoked.
    BrowserForgotten,
    /// The operator removed every second factor.
    FactorsReset,
    /// An address change was undone, and factors added since then were removed.
    FactorsUndone,
    /// The user allowed an app something that it was not allowed before.
    AppAuthorized { client_id: String },
    /// The user took back what an app was allowed.
    ConsentWithdrawn { client_id: String },
    /// A ticket to a protected host was refused: `used`, `expired`, or of another `browser` or host.
    GateTicketRefused { reason: String },
    /// The operator revoked all sessions of an account: so many live ones.
    AllSessionsEnded { count: u64 },
    /// `removed` events past the retention period were removed, up to a position of the chain. The `hash` at that
    /// position, in hexadecimal, is the new beginning of the chain. `unchecked` of them could not be verified first,
    /// because the operator had forgotten their key. `keys`: the IDs of all keys that the chain has had.
    AuditPruned {
        through_position: i64,
        hash: String,
        removed: u64,
        unchecked: u64,
        #[serde(default)]
        keys: Vec<String>,
    },
    /// A key of the chain was taken into use. Linked twice: with the key before it, if that is configured, and with
    /// the key itself. `earlier`: the IDs of the keys that the chain had before.
    AuditKeyAdded { key: String, earlier: Vec<String> },
    /// The operator forgot a retired key, whose `events` retention may remove unchecked. `ages`: a position, and a time
    /// in microseconds since 1970 that is proven to be no earlier than any of them up to there; for each day, if the
    /// key was there when it was forgotten.
    AuditKeyForgotten { key: String, events: u64, ages: Vec<(i64, i64)> },
}

/// Most events happened once.
fn once() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "for serde")]
fn is_once(times: &u64) -> bool {
    *times == 1
}

impl Event {
    /// The version of the fields.
    pub const VERSION: i16 = 1;

    /// A refused sign-in.
    pub const fn sign_in_failed(proven: bool) -> Self {
        Self::SignInFailed { proven, times: 1 }
    }

    /// How many equal facts the event stands for. A count of facts adds these up; in SQL,
    /// `sum(coalesce((detail ->> 'times')::bigint, 1))`.
    pub fn times(&self) -> u64 {
        if let Self::SignInFailed { times, .. } = self { *times } else { 1 }
    }

    /// Reads a stored event; `None` if this version does not know it.
    pub fn read(kind: &str, detail: Value) -> Option<Self> {
        let Value::Object(mut fields) = detail else { return None };
        fields.insert("kind".to_owned(), kind.into());
        serde_json::from_value(Value::Object(fields)).ok()
    }
}

/// A form that asks for the current password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordPrompt {
    /// Reauthentication.
    Reauth,
    /// Changing the password.
    Change,
}

/// The actor of an event.
#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "snake_case")]
pub enum Actor {
    /// Anyone through a page, the account's owner or not.
    Visitor,
    /// An administrator.
    Administrator(UserId),
    /// Someone at the command line.
    Cli,
    /// The service.
    System,
}

impl Actor {
    /// The stored kind.
    pub fn kind(self) -> &'static str {
        self.into()
    }

    /// The actor's account, for kinds that have one.
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::Administrator(id) => Some(id.0),
            Self::Visitor | Self::Cli | Self::System => None,
        }
    }

    /// Reads a stored actor.
    pub fn read(kind: &str, id: Option<Uuid>) -> Self {
        match (kind, id) {
            ("visitor", _) => Self::Visitor,
            ("administrator", Some(id)) => Self::Administrator(UserId(id)),
            ("cli", _) => Self::Cli,
            _ => Self::System,
        }
    }
}

/// An event before its commit.
#[derive(Debug)]
pub(super) struct Entry {
    pub event: Event,
    /// `None` if no account is known.
    pub user_id: Option<UserId>,
    pub session_id: Option<SessionId>,
}

impl Entry {
    /// Returns whether the event is stored. A failed passkey of no account would let anyone fill the audit log; a
    /// copied passkey is stored as a failure.
    pub(super) fn is_stored(&self) -> bool {
        !matches!((&self.event, self.user_id), (Event::FactorFailed { .. }, None) | (Event::PasskeyCopied, _))
            && !self.is_tallied()
    }

    /// Returns whether the event is only counted at first: no account was meant, so anyone can cause it at will.
    pub(super) fn is_tallied(&self) -> bool {
        matches!((&self.event, self.user_id), (Event::SignInFailed { .. }, None))
    }
}
