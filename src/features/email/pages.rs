//! The pages and email of changing an address.

#![expect(missing_docs, reason = "the template words what the names say")]

use std::time::Duration;

use axum::http::StatusCode;
use serde::Serialize;

use crate::{
    templates::{Mail, Page, sample_link, usual_and_hostile},
    types::{EmailError, Notice, Throttled},
    web::Refusal,
};

/// The present address, and the form for another.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EmailPage {
    pub address: String,
    /// The one that waits to be confirmed.
    pub waiting: Option<String>,
    /// Those that can still take the account back.
    pub former: Vec<String>,
    /// Whether the way back to one of them may be closed.
    pub may_close: bool,
    /// What was typed.
    pub email: String,
    pub notice: Option<Notice>,
    pub problem: Option<EmailProblem>,
}

impl EmailPage {
    /// As it is before anything was typed.
    pub fn of(address: &str) -> Self {
        Self { address: address.to_owned(), ..Self::default() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum EmailProblem {
    /// It is the one that the account has.
    Same,
    /// The way back to former addresses may not be closed yet, or not from here.
    MayNotClose,
    #[serde(untagged)]
    Email(EmailError),
    #[serde(untagged)]
    Throttled(Throttled),
}

/// The page with the button that gives the account its new address.
#[derive(Clone, Debug, Serialize)]
pub struct ConfirmPage {
    pub username: String,
    pub address: String,
    pub problem: Option<LinkProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum LinkProblem {
    /// The link no longer works.
    LinkExpired,
    /// The link is another account's.
    NotYours,
    /// The address was verified for another account.
    Taken,
}

/// The page with the button that takes an address back.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UndoPage {
    pub username: String,
    pub address: String,
    pub problem: Option<LinkProblem>,
}

/// Confirm that the new address is yours.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeEmail {
    pub username: String,
    pub link: String,
    /// How long the link works.
    pub hours: u64,
}

/// Another user wanted an address that belongs to your account.
#[derive(Clone, Debug, Serialize)]
pub struct AddressInUse {}

/// The address was replaced: to the old one, which does not learn the new one.
#[derive(Clone, Debug, Serialize)]
pub struct EmailChanged {
    pub username: String,
    pub undo_link: String,
    /// How long the link works.
    pub days: u64,
}

impl Refusal for EmailPage {
    fn throttled(&self) -> Option<Throttled> {
        if let Some(EmailProblem::Throttled(throttled)) = self.problem { Some(throttled) } else { None }
    }
}

impl Refusal for ConfirmPage {
    fn status(&self) -> StatusCode {
        status(self.problem)
    }
}

impl Refusal for UndoPage {
    fn status(&self) -> StatusCode {
        status(self.problem)
    }
}

fn status(problem: Option<LinkProblem>) -> StatusCode {
    match problem {
        Some(LinkProblem::LinkExpired) => StatusCode::GONE,
        Some(LinkProblem::NotYours) => StatusCode::FORBIDDEN,
        Some(LinkProblem::Taken) | None => StatusCode::CONFLICT,
    }
}

impl Page for EmailPage {
    const TEMPLATE: &'static str = "email/email.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self::of("minji@example.com");
        let waiting = Self { waiting: Some("minji@example.org".into()), ..plain.clone() };
        let typed = |problem| Self { email: "minji@example".into(), problem: Some(problem), ..plain.clone() };
        let email = |error| typed(EmailProblem::Email(error));
        let former = Self { former: vec!["minji@example.net".into()], ..plain.clone() };
        vec![
            ("fresh", plain.clone()),
            ("waiting", Self { notice: Some(Notice::EmailChangeMailed), ..waiting }),
            ("changed", Self { notice: Some(Notice::EmailChanged), ..plain.clone() }),
            ("former", former.clone()),
            ("former-closable", Self { may_close: true, ..former.clone() }),
            ("former-closed", Self { notice: Some(Notice::EmailUndoClosed), ..plain.clone() }),
            ("former-refused", Self { problem: Some(EmailProblem::MayNotClose), ..former }),
            ("long", Self { waiting: Some(format!("{}@example.org", "a".repeat(64))), ..plain.clone() }),
            ("email-missing", Self { email: String::new(), ..email(EmailError::Missing) }),
            ("email-invalid", email(EmailError::Invalid)),
            ("email-invisible", email(EmailError::Invisible)),
            ("email-too-long", email(EmailError::TooLong)),
            ("email-same", Self { email: "Minji@example.com".into(), ..typed(EmailProblem::Same) }),
            ("slow-down", typed(EmailProblem::Throttled(Throttled::slow_down(Duration::from_secs(120))))),
            ("busy", typed(EmailProblem::Throttled(Throttled::busy(30)))),
            ("hostile", Self { email: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..email(EmailError::Invalid) }),
        ]
    }
}

impl Page for ConfirmPage {
    const TEMPLATE: &'static str = "email/confirm.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { username: "minji".into(), address: "minji@example.org".into(), problem: None };
        let with = |problem| Self { problem: Some(problem), ..plain.clone() };
        vec![
            ("fresh", plain.clone()),
            ("link-expired", with(LinkProblem::LinkExpired)),
            ("not-yours", with(LinkProblem::NotYours)),
            ("taken", with(LinkProblem::Taken)),
        ]
    }
}

impl Page for UndoPage {
    const TEMPLATE: &'static str = "email/undo.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { username: "minji".into(), address: "minji@example.com".into(), problem: None };
        let with = |problem| Self { problem: Some(problem), ..plain.clone() };
        vec![
            ("fresh", plain.clone()),
            ("link-expired", with(LinkProblem::LinkExpired)),
            ("taken", with(LinkProblem::Taken)),
        ]
    }
}

impl Mail for ChangeEmail {
    const NAME: &'static str = "emails/change-email";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, link: sample_link("/account/email/confirm"), hours: 1 })
    }
}

impl Mail for AddressInUse {
    const NAME: &'static str = "emails/address-in-use";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![("usual", Self {})]
    }
}

impl Mail for EmailChanged {
    const NAME: &'static str = "emails/email-changed";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, undo_link: sample_link("/account/email/undo"), days: 7 })
    }
}
