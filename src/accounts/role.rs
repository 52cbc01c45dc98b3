//! What an account may do beside being somebody's.

use std::fmt;

use serde::Serialize;

use crate::config::SecondFactor;

/// The role of an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Role {
    /// Looks after itself.
    Member,
    /// Looks after others too.
    Admin,
}

impl Role {
    /// As stored, and as the command line says it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }

    /// The roles whose accounts have to have a second factor.
    #[must_use]
    pub fn needing_second_factor(required: SecondFactor) -> &'static [Self] {
        match required {
            SecondFactor::Optional => &[],
            SecondFactor::Administrators => &[Self::Admin],
            SecondFactor::Everyone => &[Self::Member, Self::Admin],
        }
    }

    /// Reads what an operator typed.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Member, Self::Admin].into_iter().find(|role| role.code() == code)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
