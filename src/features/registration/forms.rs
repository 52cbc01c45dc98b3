//! The sign-up form, from text to typed input.

use super::pages::{DisplayNameError, EmailError, RegisterErrors, RegisterPage, UsernameError};
use crate::{
    accounts::{Address, NewAccount, Role},
    config::Config,
    types::{self, DisplayName, Email, Lang, OwnWords, PlainPassword, ReturnTo, UserId, Username},
    web::{Fields, new_password},
};

/// A form without errors.
#[derive(Debug)]
pub struct RegisterForm {
    /// The public name.
    pub username: Username,
    /// Where email goes.
    pub email: Email,
    /// What the user wants to be called.
    pub display_name: Option<DisplayName>,
    /// The password.
    pub password: PlainPassword,
    /// Where the visitor is going.
    pub next: Option<ReturnTo>,
}

/// Reads the form for an account of this role. Returns the page to show again if it is refused, too. Only an
/// administrator may have a name that speaks for the service.
pub fn parse(form: &Fields, config: &Config, role: Role) -> (RegisterPage, Result<RegisterForm, RegisterErrors>) {
    let next = form.next();
    let page = RegisterPage {
        username: form.shown("username"),
        email: form.shown("email"),
        display_name: form.shown("display_name"),
        ..RegisterPage::blank(config, next.as_ref())
    };
    let username = Username::chosen(form.get("username"));
    let email = Email::parse(form.get("email"));
    let page = RegisterPage { suggestion: email.as_ref().ok().and_then(Email::suggestion), ..page };
    let display_name = DisplayName::parse(form.get("display_name"));
    let own = OwnWords {
        username: username.as_ref().ok(),
        email: email.as_ref().ok(),
        display_name: display_name.as_ref().ok().and_then(Option::as_ref),
        service_name: &config.site.name,
    };
    let password = new_password(form.get("password"), config.passwords.policy, &own);
    let is_official = |name: &str| role != Role::Admin && types::is_official(name, &config.site.name);
    let username = username.map_err(UsernameError::from);
    let username =
        username.and_then(|name| if is_official(name.as_str()) { Err(UsernameError::Official) } else { Ok(name) });
    let display_name = display_name.map_err(DisplayNameError::from);
    let display_name = display_name.and_then(|name| match name {
        Some(name) if is_official(name.as_str()) => Err(DisplayNameError::Official),
        name => Ok(name),
    });
    let form = match (username, email, display_name, password) {
        (Ok(username), Ok(email), Ok(display_name), Ok(password)) => {
            Ok(RegisterForm { username, email, display_name, password, next })
        }
        (username, email, display_name, password) => Err(RegisterErrors {
            username: username.err(),
            email: email.err().map(EmailError::Unusable),
            display_name: display_name.err(),
            password: password.err(),
        }),
    };
    (page, form)
}

impl RegisterForm {
    /// The account to create from the form.
    pub fn account<'a>(
        &'a self,
        id: UserId,
        password_hash: &'a str,
        lang: Lang,
        role: Role,
        address: Address<'a>,
    ) -> NewAccount<'a> {
        let (username, display_name, email) = (&self.username, self.display_name.as_ref(), &self.email);
        NewAccount { id, username, display_name, email, password_hash, lang: Some(lang), role, address }
    }
}

impl From<types::UsernameError> for UsernameError {
    fn from(error: types::UsernameError) -> Self {
        match error {
            types::UsernameError::Missing => Self::Missing,
            types::UsernameError::TooShort => Self::TooShort { min: Username::MIN },
            types::UsernameError::TooLong => Self::TooLong { max: Username::MAX },
            types::UsernameError::Characters => Self::Characters,
            types::UsernameError::Ends => Self::Ends,
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
