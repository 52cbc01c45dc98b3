//! A password that somebody chooses: one judgement and one wording for every form that has one.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::types::{self, Objection, OwnWords, PasswordPolicy, PlainPassword, objection};

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
