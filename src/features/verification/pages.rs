//! The pages and email of verifying an address.

#![expect(missing_docs, reason = "the template words what the names say")]

use std::time::Duration;

use serde::Serialize;

use crate::{
    templates::{Mail, Page, sample_link, usual_and_hostile},
    types::{EmailError, Notice, Throttled},
    web::Refusal,
};

/// "Look at your mail", and the form that requests the link again.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WaitingPage {
    /// The address to verify, for a user who is signed in to its account.
    pub address: Option<String>,
    /// What was typed.
    pub email: String,
    /// Whether email stays on this machine, to be read at `/dev/mail`.
    pub dev_mail: bool,
    pub notice: Option<Notice>,
    pub problem: Option<WaitingProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum WaitingProblem {
    /// The link that was opened no longer works.
    LinkExpired,
    #[serde(untagged)]
    Email(EmailError),
    #[serde(untagged)]
    Throttled(Throttled),
}

/// The page with the button.
#[derive(Clone, Debug, Serialize)]
pub struct ConfirmPage {
    pub username: String,
    pub address: String,
    /// Whether this browser neither signed up nor is signed in to the account.
    pub needs_password: bool,
    pub problem: Option<ConfirmProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ConfirmProblem {
    PasswordMissing,
    PasswordWrong,
    #[serde(untagged)]
    Throttled(Throttled),
}

impl Refusal for WaitingPage {
    fn throttled(&self) -> Option<Throttled> {
        if let Some(WaitingProblem::Throttled(throttled)) = self.problem { Some(throttled) } else { None }
    }

    fn link_expired(&self) -> bool {
        self.problem == Some(WaitingProblem::LinkExpired)
    }
}

impl Refusal for ConfirmPage {
    fn throttled(&self) -> Option<Throttled> {
        if let Some(ConfirmProblem::Throttled(throttled)) = self.problem { Some(throttled) } else { None }
    }
}

/// An account was created: verify that the address is yours.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyEmail {
    pub username: String,
    pub link: String,
    /// How long the link works.
    pub hours: u64,
}

/// An account was created with an address that a verified account has already.
#[derive(Clone, Debug, Serialize)]
pub struct AddressTaken {
    pub username: String,
    pub sign_in_link: String,
    pub recover_link: String,
}

impl Mail for VerifyEmail {
    const NAME: &'static str = "emails/verify-email";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, link: sample_link("/verify"), hours: 24 })
    }
}

impl Mail for AddressTaken {
    const NAME: &'static str = "emails/address-taken";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self {
            username,
            sign_in_link: "https://id.example.com/login".into(),
            recover_link: "https://id.example.com/recover".into(),
        })
    }
}

impl Page for WaitingPage {
    const TEMPLATE: &'static str = "verification/waiting.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let typed = |problem| Self { email: "minji@example".into(), problem: Some(problem), ..Self::default() };
        let email = |error| typed(WaitingProblem::Email(error));
        vec![
            ("fresh", Self::default()),
            ("registered", Self { notice: Some(Notice::Registered), ..Self::default() }),
            ("on-a-development-machine", Self { dev_mail: true, ..Self::default() }),
            ("mailed-again", Self { notice: Some(Notice::VerificationMailed), ..Self::default() }),
            ("signed-in", Self { address: Some("minji@example.com".into()), ..Self::default() }),
            ("signed-in-long", Self { address: Some(format!("{}@example.com", "a".repeat(64))), ..Self::default() }),
            ("link-expired", Self { problem: Some(WaitingProblem::LinkExpired), ..Self::default() }),
            ("email-missing", Self { email: String::new(), ..email(EmailError::Missing) }),
            ("email-invalid", email(EmailError::Invalid)),
            ("email-invisible", email(EmailError::Invisible)),
            ("email-too-long", email(EmailError::TooLong)),
            ("slow-down", typed(WaitingProblem::Throttled(Throttled::slow_down(Duration::from_secs(120))))),
            ("busy", typed(WaitingProblem::Throttled(Throttled::busy(30)))),
            ("hostile", Self { email: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..email(EmailError::Invalid) }),
        ]
    }
}

impl Page for ConfirmPage {
    const TEMPLATE: &'static str = "verification/confirm.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let (username, address) = ("minji".into(), "minji@example.com".into());
        let plain = Self { username, address, needs_password: false, problem: None };
        let with = |problem| Self { needs_password: true, problem: Some(problem), ..plain.clone() };
        vec![
            ("same-browser", plain.clone()),
            ("other-browser", Self { needs_password: true, ..plain.clone() }),
            ("password-missing", with(ConfirmProblem::PasswordMissing)),
            ("password-wrong", with(ConfirmProblem::PasswordWrong)),
            ("slow-down", with(ConfirmProblem::Throttled(Throttled::slow_down(Duration::from_secs(120))))),
            ("busy", with(ConfirmProblem::Throttled(Throttled::busy(1)))),
        ]
    }
}
