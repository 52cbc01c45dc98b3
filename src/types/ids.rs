//! Identifiers of rows. Random, so that one tells nothing about another.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Entropy;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh identifier.
            #[must_use]
            pub fn new(entropy: Entropy) -> Self {
                Self(entropy.uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// Names an account; never changes and is never used again.
    UserId
}
impl SessionId {
    /// Reads one that a form brought.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

id! {
    /// Names an authenticator app in its owner's list.
    TotpId
}
impl TotpId {
    /// Reads one that a form brought.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

id! {
    /// Names a session in lists and logs. It opens nothing: the secret is the cookie's value.
    SessionId
}

id! {
    /// Names a passkey in its owner's list. The authenticator knows it by another name, its credential id.
    PasskeyId
}
impl PasskeyId {
    /// Reads one that a form brought.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}
