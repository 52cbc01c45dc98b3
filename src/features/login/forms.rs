//! The sign-in form.

use super::pages::{LoginPage, LoginProblem};
use crate::{
    accounts::Identifier,
    config::Site,
    types::{Objection, OwnWords, PlainPassword, ReturnTo, objection, trimmed},
    web::Fields,
};

/// A valid sign-in form.
#[derive(Debug)]
pub struct LoginForm {
    /// The account that the visitor names.
    pub identifier: Identifier,
    /// The password; `None` if no account can have it.
    pub password: Option<PlainPassword>,
    /// Whether the session survives closing the browser.
    pub remember: bool,
    /// Where the visitor is going.
    pub next: Option<ReturnTo>,
}

impl LoginForm {
    /// Whether the password is on the blocklist. No other rule is applied to a password that was accepted once (ASVS
    /// 6.2.4; NIST SP 800-63B-4 section 3.1.1.2).
    pub fn has_common_password(&self) -> bool {
        self.password.as_ref().and_then(|password| objection(password, &OwnWords::default())) == Some(Objection::Common)
    }
}

/// Reads the form, and the page to show again if it is refused.
pub fn parse(site: &Site, fields: &Fields) -> (LoginPage, Result<LoginForm, LoginProblem>) {
    let (identifier, password) = (fields.get("identifier"), fields.get("password"));
    let (remember, next) = (fields.has("remember"), fields.next());
    let page = LoginPage { identifier: fields.shown("identifier"), remember, ..LoginPage::new(site, next.as_ref()) };
    let form = match (trimmed(identifier).is_empty(), password.is_empty()) {
        (false, false) => Ok(LoginForm {
            identifier: Identifier::parse(identifier),
            password: PlainPassword::presented(password),
            remember,
            next,
        }),
        (identifier, password) => Err(LoginProblem::Missing { identifier, password }),
    };
    (page, form)
}
