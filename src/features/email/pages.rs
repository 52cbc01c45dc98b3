//! The pages of changing an address.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{EmailError, Notice, Wait, WaitUnit},
};

/// The present address, and the form for another.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EmailPage {
    pub address: String,
    /// The one that waits to be confirmed.
    pub waiting: Option<String>,
    /// What was typed.
    pub email: String,
    pub notice: Option<Notice>,
    pub problem: Option<EmailProblem>,
}

impl EmailPage {
    /// As it is before anything was typed.
    #[must_use]
    pub fn of(address: &str) -> Self {
        Self { address: address.to_owned(), ..Self::default() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum EmailProblem {
    EmailMissing,
    EmailInvalid,
    EmailTooLong,
    /// It is the one that the account has.
    EmailSame,
    SlowDown {
        wait: Wait,
    },
    /// Too many letters wait.
    Busy {
        wait: Wait,
    },
}

impl From<EmailError> for EmailProblem {
    fn from(error: EmailError) -> Self {
        match error {
            EmailError::Missing => Self::EmailMissing,
            EmailError::Invalid => Self::EmailInvalid,
            EmailError::TooLong => Self::EmailTooLong,
        }
    }
}

/// The page with the button that gives the account its new address.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConfirmPage {
    pub username: String,
    pub address: String,
    pub problem: Option<ConfirmProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ConfirmProblem {
    /// The link no longer works.
    LinkOver,
    /// The link is another account's.
    NotYours,
    /// The address was shown to be another account's.
    Taken,
}

/// The page with the button that takes an address back.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UndoPage {
    pub username: String,
    pub address: String,
    pub problem: Option<UndoProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum UndoProblem {
    /// The link no longer works.
    LinkOver,
    /// The address was shown to be another account's.
    Taken,
}

impl Page for EmailPage {
    const TEMPLATE: &'static str = "email/email.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self::of("minji@example.com");
        let typed = |problem| Self { email: "minji@example".into(), problem: Some(problem), ..plain.clone() };
        vec![
            ("fresh", plain.clone()),
            (
                "waiting",
                Self {
                    waiting: Some("minji@example.org".into()),
                    notice: Some(Notice::EmailChangeMailed),
                    ..plain.clone()
                },
            ),
            ("changed", Self { notice: Some(Notice::EmailChanged), ..plain.clone() }),
            ("long", Self { waiting: Some(format!("{}@example.org", "a".repeat(64))), ..plain.clone() }),
            ("email-missing", Self { email: String::new(), ..typed(EmailProblem::EmailMissing) }),
            ("email-invalid", typed(EmailProblem::EmailInvalid)),
            ("email-too-long", typed(EmailProblem::EmailTooLong)),
            ("email-same", Self { email: "Minji@example.com".into(), ..typed(EmailProblem::EmailSame) }),
            ("slow-down", typed(EmailProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 2 } })),
            ("busy", typed(EmailProblem::Busy { wait: Wait { unit: WaitUnit::Seconds, count: 30 } })),
            (
                "hostile",
                Self { email: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..typed(EmailProblem::EmailInvalid) },
            ),
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
            ("link-over", with(ConfirmProblem::LinkOver)),
            ("not-yours", with(ConfirmProblem::NotYours)),
            ("taken", with(ConfirmProblem::Taken)),
        ]
    }
}

impl Page for UndoPage {
    const TEMPLATE: &'static str = "email/undo.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { username: "minji".into(), address: "minji@example.com".into(), problem: None };
        let with = |problem| Self { problem: Some(problem), ..plain.clone() };
        vec![("fresh", plain.clone()), ("link-over", with(UndoProblem::LinkOver)), ("taken", with(UndoProblem::Taken))]
    }
}
