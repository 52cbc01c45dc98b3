//! Accounts: the one aggregate that every slice may name.

mod recipient;
mod store;

use time::OffsetDateTime;

use crate::types::UserId;

pub use recipient::{Recipient, find_recipient};
pub use store::{
    Login, NewAccount, SignedUp, create, find_by_identifier, find_login, set_disabled, upgrade_password_hash,
};

/// What an account is called, in the two spellings a visitor may type at sign-in.
#[derive(Clone, Debug)]
pub enum Identifier {
    /// A username in its canonical form.
    Username(String),
    /// An e-mail address in its canonical form.
    Email(String),
    /// Nothing that an account can be called.
    Nobody(String),
}

impl Identifier {
    /// Reads what was typed. Every text has an answer, because an attempt with an impossible name
    /// must cost what an attempt with a possible one costs.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        use crate::types::{Email, Username};
        if let Ok(username) = Username::parse(text) {
            return Self::Username(username.as_str().to_owned());
        }
        match Email::parse(text) {
            Ok(email) => Self::Email(email.canonical().to_owned()),
            Err(_) => Self::Nobody(text.trim().to_lowercase()),
        }
    }

    /// The canonical spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Username(text) | Self::Email(text) | Self::Nobody(text) => text,
        }
    }
}

/// An account as its owner and the operator see it.
#[derive(Clone, Debug)]
pub struct User {
    /// The account.
    pub id: UserId,
    /// Its public name.
    pub username: String,
    /// What the person wants to be called.
    pub display_name: Option<String>,
    /// Where mail goes.
    pub email: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Since when it is closed to everyone, if it is.
    pub disabled_at: Option<OffsetDateTime>,
    /// When its password was last set; none when it has no password.
    pub password_changed_at: Option<OffsetDateTime>,
}
