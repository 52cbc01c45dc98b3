//! Validation of new passwords, shared by all forms that set one.

#![expect(missing_docs, reason = "the names match the template")]

use serde::Serialize;

use crate::{
    accounts::User,
    state::AppState,
    types::{self, DisplayName, Email, Objection, OwnWords, PasswordPolicy, PlainPassword, Username, objection},
};

/// Why a new password is refused; the text is `t_of(key="password-error", …)` in `common.ftl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum PasswordError {
    /// The current password.
    Same,
    #[serde(untagged)]
    Rule(types::PasswordError),
    #[serde(untagged)]
    Weak(Objection),
}

impl PasswordError {
    /// Nothing was typed.
    pub const MISSING: Self = Self::Rule(types::PasswordError::Missing);

    /// One of each, for page samples.
    pub const SAMPLES: [(&'static str, Self); 10] = [
        ("password-missing", Self::MISSING),
        ("password-too-short", Self::Rule(types::PasswordError::TooShort { min: 12 })),
        ("password-too-long", Self::Rule(types::PasswordError::TooLong { max: PlainPassword::MAX })),
        ("password-characters", Self::Rule(types::PasswordError::Characters)),
        ("password-same", Self::Same),
        ("password-common", Self::Weak(Objection::Common)),
        ("password-padded", Self::Weak(Objection::Padded)),
        ("password-own-words", Self::Weak(Objection::OwnWords)),
        ("password-repetitive", Self::Weak(Objection::Repetitive)),
        ("password-sequence", Self::Weak(Objection::Sequence)),
    ];
}

/// Validates a new password against the policy and these words.
///
/// # Errors
/// The first rule that the text breaks.
pub fn new_password(text: &str, policy: PasswordPolicy, own: &OwnWords<'_>) -> Result<PlainPassword, PasswordError> {
    let password = PlainPassword::chosen(text, policy).map_err(PasswordError::Rule)?;
    objection(&password, own).map_or(Ok(password), |objection| Err(PasswordError::Weak(objection)))
}

/// Validates a new password for an existing account. The display name is a parameter, because the stored one may be an
/// attacker's.
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
