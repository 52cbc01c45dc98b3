//! Row identifiers. They are random, so one reveals nothing about another.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::random_uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, derive_more::Display, Eq, Hash, PartialEq, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Generates a new identifier.
            pub fn random() -> Self {
                Self(random_uuid())
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id! {
    /// Identifies an account; never changes and is never reused.
    UserId
}
id! {
    /// Identifies a session in lists and logs. It grants no access: the secret is the cookie's value.
    SessionId
}

id! {
    /// Identifies a group of accounts.
    GroupId
}
id! {
    /// Identifies an app. Its `client_id` is another text, which the operator chooses.
    AppId
}
id! {
    /// Identifies what an app may do for one person since one sign-in.
    GrantId
}

impl SessionId {
    /// Parses a form value.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}
