//! What can happen.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::types::{SessionId, UserId};

/// A fact worth keeping. It is stored as its name (`kind`), a version, and its fields as JSON.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// An account was made.
    SignedUp,
    /// Its owner showed that the address is theirs.
    EmailVerified,
    /// A session was opened.
    SignedIn {
        /// RFC 8176 names of the proofs.
        amr: Vec<String>,
    },
    /// A sign-in was refused.
    SignInFailed,
    /// A session was ended by its owner.
    SignedOut,
    /// The owner of a session proved again who they are.
    Reauthenticated,
    /// The password was replaced by its owner, who knew the old one.
    PasswordChanged,
    /// The password was replaced through a mailed link.
    PasswordReset,
    /// The operator had a way back in mailed to the owner.
    RecoveryStarted,
    /// A way back in was mailed.
    RecoveryMailed,
    /// The name or the language was changed.
    ProfileChanged,
    /// A link to confirm a new address was mailed to it.
    EmailChangeMailed,
    /// The address was replaced.
    EmailChanged,
    /// The replacement was undone from the old address.
    EmailChangeUndone,
    /// One other session was ended.
    SessionEnded {
        /// Which one.
        ended: SessionId,
    },
    /// All other sessions were ended.
    OtherSessionsEnded {
        /// How many of them were live.
        count: u64,
    },
    /// Everything that is kept about the account was downloaded.
    DataDownloaded,
    /// The account was set to be erased.
    DeletionScheduled,
    /// The erasure was called off.
    DeletionUndone,
    /// The account was erased.
    Erased,
    /// The account was closed to everyone.
    Disabled,
    /// The account was opened again.
    Enabled,
    /// The account was given a role.
    RoleChanged {
        /// The role's name.
        role: String,
    },
    /// A link that makes the first administrator was issued.
    SetupLinkIssued,
    /// Somebody signed up with the address of this account.
    SignUpRepeated,
    /// A second factor was added.
    FactorAdded {
        /// `totp` or `passkey`.
        factor: String,
    },
    /// A second factor was removed.
    FactorRemoved {
        /// `totp` or `passkey`.
        factor: String,
    },
    /// The password was right, and a second factor was asked for.
    FactorAsked,
    /// A second factor was refused, after the right password or in a session.
    FactorFailed {
        /// `totp`, `passkey` or `recovery_code`.
        factor: String,
    },
    /// Recovery codes were made; those from before are worth nothing.
    RecoveryCodesMade,
    /// A recovery code was used up.
    RecoveryCodeUsed,
    /// The password was taken away by its owner, who has passkeys.
    PasswordRemoved,
    /// A browser is asked for no second factor for a while.
    BrowserTrusted,
    /// That was taken back.
    BrowserForgotten,
    /// Every second factor was taken away by the operator.
    FactorsReset,
    /// Factors were taken away that were added since the address was changed, with the change itself.
    FactorsUndone,
    /// All sessions of an account were ended by the operator.
    AllSessionsEnded {
        /// How many of them were live.
        count: u64,
    },
    /// The oldest events were removed, because they are kept no longer.
    AuditPruned {
        /// Up to which position of the chain.
        through_position: i64,
        /// The hash at that position, in hexadecimal digits: what the chain begins from now.
        hash: String,
        /// How many events went.
        removed: u64,
        /// How many of them could not be checked before, because the service had not their key any more.
        unchecked: u64,
    },
}

impl Event {
    /// The version of the fields' meaning, so that old rows stay readable.
    pub const VERSION: i16 = 1;

    /// Reads an event back from how it is stored; none for one that this version does not know.
    #[must_use]
    pub fn read(kind: &str, detail: Value) -> Option<Self> {
        let Value::Object(mut fields) = detail else { return None };
        fields.insert("kind".to_owned(), kind.into());
        serde_json::from_value(Value::Object(fields)).ok()
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Actor {
    /// Somebody through a page, the owner or not.
    Visitor,
    /// Somebody at the command line.
    Operator,
    /// The service by itself.
    Service,
}

impl Actor {
    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Operator => "operator",
            Self::Service => "service",
        }
    }

    /// Reads it back; the database has no other words than these.
    #[must_use]
    pub fn read(code: &str) -> Self {
        match code {
            "visitor" => Self::Visitor,
            "operator" => Self::Operator,
            _ => Self::Service,
        }
    }
}

/// Where a visitor's request came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The client's address.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub user_agent: &'a str,
}

/// One line of the trail.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// What happened.
    pub event: &'a Event,
    /// To which account; none when there is none.
    pub user_id: Option<UserId>,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// Who did it.
    pub actor: Actor,
    /// Where it came from.
    pub origin: Option<Origin<'a>>,
}

impl<'a> Entry<'a> {
    /// What a visitor did to an account, or tried.
    #[must_use]
    pub fn of_visitor(
        event: &'a Event,
        user_id: Option<UserId>,
        session_id: Option<SessionId>,
        origin: Origin<'a>,
    ) -> Self {
        Self { event, user_id, session_id, actor: Actor::Visitor, origin: Some(origin) }
    }

    /// What the operator did to an account.
    #[must_use]
    pub fn of_operator(event: &'a Event, user_id: UserId) -> Self {
        Self { event, user_id: Some(user_id), session_id: None, actor: Actor::Operator, origin: None }
    }

    /// What the service did by itself.
    #[must_use]
    pub fn of_service(event: &'a Event, user_id: Option<UserId>) -> Self {
        Self { event, user_id, session_id: None, actor: Actor::Service, origin: None }
    }
}
