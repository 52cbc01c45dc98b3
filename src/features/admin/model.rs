//! Administrative requests, and why they are refused.

use crate::{
    accounts::Role,
    types::{DisplayName, Email, Username},
};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No account has this name, address or id.
    #[error("no account called {0}")]
    NoSuchAccount(String),
    /// Another account has the username.
    #[error("the username is taken")]
    UsernameTaken,
    /// Another account has the address.
    #[error("the email address is taken")]
    EmailTaken,
    /// The owner has verified the address, so only the owner may change it.
    #[error("{0} has verified the email address; only its owner can change it")]
    Verified(String),
    /// The setup link is for a service without an administrator.
    #[error("there is already an administrator; run `vestibule user role NAME admin` to add another")]
    HasAdministrator,
    /// No other administrator would be left.
    #[error("{0} is the last administrator; run `vestibule user role NAME admin` to add another first")]
    LastAdministrator(String),
    /// A disabled account cannot be recovered by email.
    #[error("{0} is disabled; run `vestibule user enable {0}` first")]
    Disabled(String),
    /// A database error.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// An account to be created.
#[derive(Debug)]
pub struct Creation {
    /// Its public name.
    pub username: Username,
    /// Where its email goes.
    pub email: Email,
    /// What its owner wants to be called.
    pub display_name: Option<DisplayName>,
    /// Its password as a PHC string.
    pub password_hash: String,
    /// What it may do.
    pub role: Role,
}

/// What a reset of factors deleted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FactorsReset {
    /// Deleted factors; recovery codes count as one.
    pub factors: u64,
    /// Ended sessions.
    pub sessions: u64,
    /// Whether a password is left to sign in with.
    pub has_password: bool,
}
