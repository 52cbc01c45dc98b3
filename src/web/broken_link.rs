//! The page of an emailed link that is not whole: cut, wrapped or bent by a mail program.

#![expect(missing_docs, reason = "the names match the template")]

use axum::http::StatusCode;
use serde::Serialize;

use super::{Refusal, paths};
use crate::templates::Page;

/// Says that the link is not whole, and how to get one that is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BrokenLinkPage {
    pub way: Way,
    /// Where the way begins.
    pub path: &'static str,
}

/// The way to a link that works; the message is `broken-link-<way>`.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A form that sends another.
    Ask,
    /// None but the email itself, or signing in.
    SignIn,
    /// The operator's command.
    Setup,
}

impl BrokenLinkPage {
    /// For a link to this page.
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
