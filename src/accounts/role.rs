//! What an account may do beside being somebody's.

use std::fmt;

use serde::Serialize;

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
