//! The sign-up form, from text to an account that can be made.

use super::pages::{DisplayNameError, EmailError, RegisterErrors, RegisterPage, UsernameError};
use crate::{
    types::{self, DisplayName, Email, OwnWords, PasswordPolicy, PlainPassword, Username},
    web::{Fields, new_password},
};

/// A form without mistakes.
#[derive(Debug)]
pub struct RegisterForm {
    /// The public name.
    pub username: Username,
    /// Where mail goes.
    pub email: Email,
    /// What the person wants to be called.
    pub display_name: Option<DisplayName>,
    /// The password.
    pub password: PlainPassword,
}

/// Reads the form, and the page to show again should it be refused.
pub fn parse(
    fields: &Fields,
    policy: PasswordPolicy,
    service_name: &str,
) -> (RegisterPage, Result<RegisterForm, RegisterErrors>) {
    let typed = |name| fields.shown(name, TYPED_MAX);
    let page = RegisterPage {
        username: typed("username"),
        email: typed("email"),
        display_name: typed("display_name"),
        password_min: policy.min,
        ..RegisterPage::default()
    };
    let username = Username::parse(fields.get("username"));
    let email = Email::parse(fields.get("email"));
    let display_name = DisplayName::parse(fields.get("display_name"));
    let own = OwnWords {
        username: username.as_ref().ok(),
        email: email.as_ref().ok(),
        display_name: display_name.as_ref().ok().and_then(Option::as_ref),
        service_name,
    };
    let password = new_password(fields.get("password"), policy, &own);
    let form = match (username, email, display_name, password) {
        (Ok(username), Ok(email), Ok(display_name), Ok(password)) => {
            Ok(RegisterForm { username, email, display_name, password })
        }
        (username, email, display_name, password) => Err(RegisterErrors {
            username: username.err().map(Into::into),
            email: email.err().map(Into::into),
            display_name: display_name.err().map(Into::into),
            password: password.err(),
        }),
    };
    (page, form)
}

/// How much of a typed text is worth showing again.
const TYPED_MAX: usize = 254;

impl From<types::UsernameError> for UsernameError {
    fn from(error: types::UsernameError) -> Self {
        match error {
            types::UsernameError::Missing => Self::Missing,
            types::UsernameError::TooShort => Self::TooShort { min: Username::MIN },
            types::UsernameError::TooLong => Self::TooLong { max: Username::MAX },
            types::UsernameError::Characters => Self::Characters,
        }
    }
}

impl From<types::EmailError> for EmailError {
    fn from(error: types::EmailError) -> Self {
        match error {
            types::EmailError::Missing => Self::Missing,
            types::EmailError::Invalid => Self::Invalid,
            types::EmailError::TooLong => Self::TooLong,
        }
    }
}

impl From<types::DisplayNameError> for DisplayNameError {
    fn from(error: types::DisplayNameError) -> Self {
        match error {
            types::DisplayNameError::TooLong => Self::TooLong { max: DisplayName::MAX },
            types::DisplayNameError::Characters => Self::Characters,
        }
    }
}
