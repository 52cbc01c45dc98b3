//! Accounts, which every slice may use.

mod corrections;
mod factors;
mod life;
pub mod links;
pub mod setup;
mod store;

use serde::Serialize;
use serde_json::Value;
use strum::{Display, EnumString, IntoStaticStr};
use time::OffsetDateTime;

use crate::{
    config::SecondFactor,
    mail::{Kind, NewEmail},
    types::{Email, Lang, UserId, Username, trimmed},
};

pub use corrections::{CORRECTIONS_MAX, Corrector, Unverified, correct_email, find_unverified};
pub use factors::{
    FEW_CODES, FactorKind, Factors, ListedFactor, Login, Query, delete_factors, factors, find_login,
    forget_factor_limits,
};
pub use life::{
    DELETION_SCHEDULED, Due, EMAIL_UNIQUE, call_off_deletion, credentials_changed, drop_password,
    drop_unverified_namesakes, lock, lock_own_address, lock_with_address, remove, replace_email, schedule_deletion,
    set_password, set_profile, take_due, take_unverified, verify_email,
};
pub use store::{
    Address, NewAccount, SignedUp, create, find, find_by_identifier, find_owner, is_last_administrator,
    is_only_administrator, move_sign_up_browser, set_disabled, set_role, upgrade_password_hash,
};

/// A sign-in identifier.
#[derive(Clone, Debug)]
pub enum Identifier {
    /// A username in its canonical form.
    Username(String),
    /// An email address in its canonical form.
    Email(String),
    /// A text that cannot identify an account.
    Nobody(String),
}

impl Identifier {
    /// Parses a typed identifier. Accepts every text, so that an attempt with an invalid identifier takes as long as
    /// any other.
    pub fn parse(text: &str) -> Self {
        match (Username::parse(text), Email::parse(text)) {
            (Ok(username), _) => Self::Username(username.as_str().to_owned()),
            (_, Ok(email)) => Self::Email(email.canonical().to_owned()),
            _ => Self::Nobody(trimmed(text).to_lowercase()),
        }
    }

    /// The canonical spelling.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Username(text) | Self::Email(text) | Self::Nobody(text) => text,
        }
    }
}

/// An account, without its credentials.
#[derive(Clone, Debug)]
pub struct User {
    /// The account.
    pub id: UserId,
    /// The username.
    pub username: String,
    /// The display name.
    pub display_name: Option<String>,
    /// The email address.
    pub email: String,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When the operator disabled it.
    pub disabled_at: Option<OffsetDateTime>,
    /// When the password was last set; `None` without a password.
    pub password_changed_at: Option<OffsetDateTime>,
    /// When the address was verified; `None` if it was not.
    pub email_verified_at: Option<OffsetDateTime>,
    /// SHA-256 of the cookie of the browser that signed up, until the address is verified.
    pub sign_up_browser: Option<Vec<u8>>,
    /// The owner's language, as stored.
    pub language: Option<String>,
    /// The role.
    pub role: Role,
    /// When it will be deleted, if the owner requested that.
    pub deletion_due_at: Option<OffsetDateTime>,
}

impl User {
    /// A nonexistent user, the recipient of a rehearsed email.
    pub fn nobody() -> Self {
        Self {
            id: UserId::random(),
            username: "somebody".to_owned(),
            display_name: None,
            email: "somebody@example.invalid".to_owned(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            disabled_at: None,
            password_changed_at: None,
            email_verified_at: None,
            sign_up_browser: None,
            language: None,
            role: Role::Member,
            deletion_due_at: None,
        }
    }

    /// The owner's language, or else `otherwise`.
    pub fn lang_or(&self, otherwise: Lang) -> Lang {
        self.language.as_deref().and_then(Lang::from_code).unwrap_or(otherwise)
    }

    /// Prepares an email to the owner, in the language of [`User::lang_or`].
    pub fn email(&self, kind: &'static Kind, otherwise: Lang, detail: Value) -> NewEmail<'_> {
        NewEmail { kind, user_id: Some(self.id), address: &self.email, lang: self.lang_or(otherwise), detail }
    }
}

/// The role of an account.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, IntoStaticStr, PartialEq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Manages only itself.
    Member,
    /// Manages other accounts too.
    Admin,
}

impl Role {
    /// The stored code, also used on the command line.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The roles that must have a second factor.
    pub fn needing_second_factor(required: SecondFactor) -> &'static [Self] {
        match required {
            SecondFactor::Optional => &[],
            SecondFactor::Administrators => &[Self::Admin],
            SecondFactor::Everyone => &[Self::Member, Self::Admin],
        }
    }
}
