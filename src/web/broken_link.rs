//! The error page for an emailed link that a mail program truncated, wrapped or altered.

#![expect(missing_docs, reason = "the names match the template")]

use axum::http::StatusCode;
use serde::Serialize;

use super::{Refusal, paths};
use crate::templates::Page;

/// Says that the link is damaged, and how to get another.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BrokenLinkPage {
    pub way: Way,
    /// The page to go to.
    pub path: &'static str,
}

/// How to get a working link; the message is `broken-link-<way>`.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Request another with a form.
    Ask,
    /// Only the email itself has one; otherwise, sign in.
    SignIn,
    /// Ask the operator, who has a command for it.
    Setup,
}

impl BrokenLinkPage {
    /// The page for a damaged link to `path`.
    pub fn of(path: &str) -> Self {
        let (way, path) = match path {
            paths::VERIFY => (Way::Ask, paths::VERIFY),
            paths::RECOVER_RESET => (Way::Ask, paths::RECOVER),
            paths::ACCOUNT_EMAIL_CONFIRM => (Way::Ask, paths::ACCOUNT_EMAIL),
            paths::SETUP => (Way::Setup, paths::LOGIN),
            _ => (Way::SignIn, paths::LOGIN),
        };
        Self { way, path }
    }
}

impl Refusal for BrokenLinkPage {
    fn status(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}

impl Page for BrokenLinkPage {
    const TEMPLATE: &'static str = "error/broken_link.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("ask", Self::of(paths::RECOVER_RESET)),
            ("sign-in", Self::of(paths::ACCOUNT_EMAIL_UNDO)),
            ("setup", Self::of(paths::SETUP)),
        ]
    }
}
