//! A password that somebody chooses: one judgement and one wording for every form that has one.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    accounts::User,
    state::AppState,
    types::{self, DisplayName, Email, Objection, OwnWords, PasswordPolicy, PlainPassword, Username, objection},
};

/// Why a chosen password is refused, worded by `t_of(key="password-error", …)` in `common.ftl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum PasswordError {
    Missing,
    TooShort {
        min: usize,
    },
    TooLong {
        max: usize,
    },
    Characters,
    /// The one that the account has.
    Same,
    Common,
    Padded,
    OwnWords,
    Repetitive,
    Sequence,
}

impl PasswordError {
    /// One of each, for the samples of pages.
    pub const SAMPLES: [(&'static str, Self); 10] = [
        ("password-missing", Self::Missing),
        ("password-too-short", Self::TooShort { min: 12 }),
        ("password-too-long", Self::TooLong { max: PlainPassword::MAX }),
        ("password-characters", Self::Characters),
        ("password-same", Self::Same),
        ("password-common", Self::Common),
        ("password-padded", Self::Padded),
        ("password-own-words", Self::OwnWords),
        ("password-repetitive", Self::Repetitive),
        ("password-sequence", Self::Sequence),
    ];
}

/// Takes the password that somebody chose for an account with these words, or says what is wrong
/// with it.
///
/// # Errors
/// The first rule that the text breaks.
pub fn new_password(text: &str, policy: PasswordPolicy, own: &OwnWords<'_>) -> Result<PlainPassword, PasswordError> {
    let password = PlainPassword::chosen(text, policy).map_err(|error| match error {
        types::PasswordError::Missing => PasswordError::Missing,
        types::PasswordError::TooShort => PasswordError::TooShort { min: policy.min },
        types::PasswordError::TooLong => PasswordError::TooLong { max: PlainPassword::MAX },
        types::PasswordError::Characters => PasswordError::Characters,
    })?;
    match objection(&password, own) {
        None => Ok(password),
        Some(objection) => Err(objection.into()),
    }
}

/// As [`new_password`], for an account that is there already. What its owner wants to be called is said beside it,
/// because the name that stands there is not always theirs.
///
/// # Errors
/// The first rule that the text breaks.
pub fn new_password_of(
    state: &AppState,
    user: &User,
    display_name: Option<&str>,
    text: &str,
) -> Result<PlainPassword, PasswordError> {
    let (username, email) = (Username::parse(&user.username).ok(), Email::parse(&user.email).ok());
    let display_name = display_name.and_then(|name| DisplayName::parse(name).ok().flatten());
    let own = OwnWords {
        username: username.as_ref(),
        email: email.as_ref(),
        display_name: display_name.as_ref(),
        service_name: &state.config.site.name,
    };
    new_password(text, state.config.passwords.policy, &own)
}

impl From<Objection> for PasswordError {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::Common => Self::Common,
            Objection::Padded => Self::Padded,
            Objection::OwnWords => Self::OwnWords,
            Objection::Repetitive => Self::Repetitive,
            Objection::Sequence => Self::Sequence,
        }
    }
}
