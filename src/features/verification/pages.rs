//! The pages of verifying an address.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{EmailError, Notice, Wait, WaitUnit},
};

/// "Look at your mail", and asking for the link again.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WaitingPage {
    /// The address that waits, for somebody who is signed in to its account.
    pub address: Option<String>,
    /// What was typed.
    pub email: String,
    /// Whether letters stay on this machine, to be read at `/dev/mail`.
    pub dev_mail: bool,
    pub notice: Option<Notice>,
    pub problem: Option<WaitingProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum WaitingProblem {
    /// The link that was opened no longer works.
    LinkOver,
    EmailMissing,
    EmailInvalid,
    EmailTooLong,
    SlowDown {
        wait: Wait,
    },
    /// Too many letters wait.
    Busy {
        wait: Wait,
    },
}

impl From<EmailError> for WaitingProblem {
    fn from(error: EmailError) -> Self {
        match error {
            EmailError::Missing => Self::EmailMissing,
            EmailError::Invalid => Self::EmailInvalid,
            EmailError::TooLong => Self::EmailTooLong,
        }
    }
}

/// The page with the button.
#[derive(Clone, Debug, Serialize)]
pub struct ConfirmPage {
    pub username: String,
    pub address: String,
    /// Whether this browser has yet to show that it belongs to who signed up.
    pub needs_password: bool,
    pub problem: Option<ConfirmProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ConfirmProblem {
    PasswordMissing,
    PasswordWrong,
    SlowDown { wait: Wait },
    Busy { wait: Wait },
}

impl Page for WaitingPage {
    const TEMPLATE: &'static str = "verification/waiting.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let typed = |problem| Self { email: "minji@example".into(), problem: Some(problem), ..Self::default() };
        vec![
            ("fresh", Self::default()),
            ("registered", Self { notice: Some(Notice::Registered), ..Self::default() }),
            ("on-a-development-machine", Self { dev_mail: true, ..Self::default() }),
            ("mailed-again", Self { notice: Some(Notice::VerificationMailed), ..Self::default() }),
            ("signed-in", Self { address: Some("minji@example.com".into()), ..Self::default() }),
            ("signed-in-long", Self { address: Some(format!("{}@example.com", "a".repeat(64))), ..Self::default() }),
            ("link-over", Self { problem: Some(WaitingProblem::LinkOver), ..Self::default() }),
            ("email-missing", Self { email: String::new(), ..typed(WaitingProblem::EmailMissing) }),
            ("email-invalid", typed(WaitingProblem::EmailInvalid)),
            ("email-too-long", typed(WaitingProblem::EmailTooLong)),
            ("slow-down", typed(WaitingProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 2 } })),
            ("busy", typed(WaitingProblem::Busy { wait: Wait { unit: WaitUnit::Seconds, count: 30 } })),
            (
                "hostile",
                Self { email: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..typed(WaitingProblem::EmailInvalid) },
            ),
        ]
    }
}

impl Page for ConfirmPage {
    const TEMPLATE: &'static str = "verification/confirm.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self {
            username: "minji".into(),
            address: "minji@example.com".into(),
            needs_password: false,
            problem: None,
        };
        let with = |problem| Self { needs_password: true, problem: Some(problem), ..plain.clone() };
        vec![
            ("same-browser", plain.clone()),
            ("other-browser", Self { needs_password: true, ..plain.clone() }),
            ("password-missing", with(ConfirmProblem::PasswordMissing)),
            ("password-wrong", with(ConfirmProblem::PasswordWrong)),
            ("slow-down", with(ConfirmProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 2 } })),
            ("busy", with(ConfirmProblem::Busy { wait: Wait { unit: WaitUnit::Seconds, count: 1 } })),
        ]
    }
}
