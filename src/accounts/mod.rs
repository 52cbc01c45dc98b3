//! Accounts: the one aggregate that every slice may name.

mod erasure;
mod factors;
mod life;
pub mod links;
mod role;
pub mod setup;
mod store;

use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    mail::{Kind, NewLetter},
    types::{Lang, UserId},
};

pub use erasure::{Due, remove, take_due, take_unverified};
pub use factors::{
    Factors, drop_enrolments, drop_factors, drop_factors_since, drop_recovery_codes, factors, factors_changed,
};
pub use life::{
    EMAIL_UNIQUE, call_off_deletion, drop_other_claimants, drop_password, hold, hold_with_claimants, lock_claimants,
    replace_email, replace_password, schedule_deletion, set_password, set_profile, verify_email,
};
pub use role::Role;
pub use store::{
    Address, Login, NewAccount, SignedUp, create, find, find_by_identifier, find_login, find_owner,
    hold_administrators, set_disabled, set_role, upgrade_password_hash,
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
    /// Since when the address is known to be its owner's; none while anybody may claim it.
    pub email_verified_at: Option<OffsetDateTime>,
    /// SHA-256 of the cookie of the browser that signed up, until the address is verified.
    pub sign_up_browser: Option<Vec<u8>>,
    /// The language its owner chose, as stored.
    pub language: Option<String>,
    /// What it may do.
    pub role: Role,
    /// When it is erased, once its owner has asked for that.
    pub deletion_due_at: Option<OffsetDateTime>,
}

impl User {
    /// The language to write to its owner in, or else another.
    #[must_use]
    pub fn lang_or(&self, otherwise: Lang) -> Lang {
        self.language.as_deref().and_then(Lang::from_code).unwrap_or(otherwise)
    }

    /// A letter to its owner about this, in the language of [`User::lang_or`].
    #[must_use]
    pub fn letter(&self, kind: Kind, otherwise: Lang, detail: Value) -> NewLetter<'_> {
        NewLetter { kind, user_id: Some(self.id), address: &self.email, lang: self.lang_or(otherwise), detail }
    }
}
