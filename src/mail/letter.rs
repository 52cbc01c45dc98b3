//! What a letter is about.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    templates::Message,
    types::{Lang, SecretToken, TokenDigest, UserId},
};

/// Every kind of letter. Which words it comes to is decided when it is sent: a visitor who asks for
/// one gets the same answer in the same time whether there is an account or not.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// Somebody signed up with this address: a link to verify it, or word that it has an account.
    SignUp,
    /// A link to verify an address was asked for again.
    Verify,
    /// A way back in was asked for, by username or address.
    Recover,
    /// The password is another one.
    PasswordChanged,
    /// A link to confirm a new address, mailed to it.
    ChangeEmail,
    /// The address is another one: told to the old one, with a way back.
    EmailChanged,
    /// Somebody signed in after others, or they, had failed many times.
    SignInAfterFailures,
    /// What proves whose the account is became more or less: a factor, recovery codes, the password.
    FactorsChanged,
    /// Somebody knew the password and failed at the second factor.
    SecondFactorFailed,
    /// The account is going to be erased, with a way back.
    DeletionScheduled,
    /// The account was erased.
    Erased,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::SignUp,
        Self::Verify,
        Self::Recover,
        Self::PasswordChanged,
        Self::ChangeEmail,
        Self::EmailChanged,
        Self::SignInAfterFailures,
        Self::FactorsChanged,
        Self::SecondFactorFailed,
        Self::DeletionScheduled,
        Self::Erased,
    ];

    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::Verify => "verify",
            Self::Recover => "recover",
            Self::PasswordChanged => "password-changed",
            Self::ChangeEmail => "change-email",
            Self::EmailChanged => "email-changed",
            Self::SignInAfterFailures => "sign-in-after-failures",
            Self::FactorsChanged => "factors-changed",
            Self::SecondFactorFailed => "second-factor-failed",
            Self::DeletionScheduled => "deletion-scheduled",
            Self::Erased => "erased",
        }
    }

    /// Reads what was stored; a newer version may have stored what this one does not know.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// How long it is worth sending: what was asked for is soon stale, what happened stays news.
    #[must_use]
    pub fn worth_sending_for(self) -> Duration {
        match self {
            Self::SignUp | Self::Verify | Self::Recover | Self::ChangeEmail => Duration::from_secs(6 * 3600),
            Self::PasswordChanged
            | Self::EmailChanged
            | Self::SignInAfterFailures
            | Self::FactorsChanged
            | Self::SecondFactorFailed
            | Self::DeletionScheduled
            | Self::Erased => Duration::from_secs(3 * 86_400),
        }
    }
}

/// A letter to be written down.
#[derive(Clone, Debug)]
pub struct NewLetter<'a> {
    /// What it is about.
    pub kind: Kind,
    /// Whom it concerns, where that is known.
    pub user_id: Option<UserId>,
    /// Where it goes; for a letter that was asked for, the name that was typed.
    pub address: &'a str,
    /// The language of whoever caused it; the account's own language goes before it.
    pub lang: Lang,
    /// What its words need and only this moment knows. Never a secret.
    pub detail: Value,
}

/// The detail of a letter that was asked for from this browser: an account that knows it has letters for
/// it which strangers cannot use up. [`Letter::asked_from`] reads it.
#[must_use]
pub fn asked_from(browser: Option<&SecretToken>) -> Value {
    json!({ "browser": browser.map(|browser| URL_SAFE_NO_PAD.encode(browser.digest().as_bytes())) })
}

/// A letter as it waits in the outbox.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its identifier, which becomes its `Message-ID`.
    pub id: Uuid,
    /// What it is about.
    pub kind: Kind,
    /// Whom it concerns.
    pub user_id: Option<UserId>,
    /// Where it goes, or the name that was typed.
    pub address: String,
    /// The language of whoever caused it.
    pub lang: Lang,
    /// What its words need.
    pub detail: Value,
    /// How often it was taken, this time included.
    pub attempts: i32,
}

impl Letter {
    /// The browser that it was asked for from, as [`asked_from`] wrote it.
    #[must_use]
    pub fn asked_from(&self) -> Option<TokenDigest> {
        let digest = URL_SAFE_NO_PAD.decode(self.detail.get("browser")?.as_str()?).ok()?;
        digest.try_into().ok().map(TokenDigest)
    }
}

/// A letter in its words, ready to go.
#[derive(Debug)]
pub struct Parcel {
    /// The address.
    pub to: String,
    /// The language it is written in.
    pub lang: Lang,
    /// Its words.
    pub message: Message,
}
