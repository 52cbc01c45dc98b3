//! The sign-in form, from text to an attempt.

use super::pages::{LoginPage, LoginProblem};
use crate::{
    accounts::Identifier,
    types::{LocalPath, PlainPassword},
    web::Fields,
};

/// A form that can be tried.
#[derive(Debug)]
pub struct LoginForm {
    /// Whom the visitor claims to be.
    pub identifier: Identifier,
    /// The password; none when it is longer than any account's can be.
    pub password: Option<PlainPassword>,
    /// Whether the session is to outlive the browser's window.
    pub remember: bool,
    /// Where to go then.
    pub next: Option<LocalPath>,
}

/// Reads the form, and the page to show again should it be refused.
pub fn parse(fields: &Fields) -> (LoginPage, Result<LoginForm, LoginProblem>) {
    let (identifier, password) = (fields.get("identifier"), fields.get("password"));
    let remember = !fields.get("remember").is_empty();
    let next = LocalPath::parse(fields.get("next"));
    let page = LoginPage {
        identifier: fields.shown("identifier", TYPED_MAX),
        next: next.as_ref().map(|next| next.as_str().to_owned()),
        remember,
        ..LoginPage::default()
    };
    let missing = (identifier.trim().is_empty(), password.is_empty());
    let form = match missing {
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

/// How much of a typed identifier is worth showing again.
const TYPED_MAX: usize = 254;
