//! The pages and email of verifying an address.

#![expect(missing_docs, reason = "the template words what the names say")]

use std::time::Duration;

use serde::Serialize;

use crate::{
    accounts::Unverified,
    templates::{Mail, Page, sample_link, usual_and_hostile},
    types::{Email, EmailError, Notice, Throttled},
    web::Refusal,
};

/// "Check your email", and the form that requests the link again.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent states of a page")]
pub struct WaitingPage {
    /// The address to verify, for a user who is signed in to its account, and in the browser that signed up.
    pub address: Option<String>,
    pub signed_in: bool,
    /// Whether the address may be corrected once more.
    pub may_correct: bool,
    /// The address that was probably meant.
    pub suggestion: Option<String>,
    /// Whether the problem is about the correction.
    pub correcting: bool,
    /// What was typed to request the link again.
    pub email: String,
    /// What was typed as the right address.
    pub new_email: String,
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
    /// The right address is the one that was typed before.
    Same,
    /// The address was corrected as often as it may be.
    CorrectionsUsed,
    #[serde(untagged)]
    Email(EmailError),
    #[serde(untagged)]
    Throttled(Throttled),
}

impl WaitingPage {
    /// The page of an unverified account, if this visitor has one.
    pub(super) fn of(held: Option<Unverified>) -> Self {
        let Some(held) = held else { return Self::default() };
        let suggestion = Email::parse(&held.email).ok().and_then(|email| email.suggestion());
        Self {
            may_correct: held.corrections_left > 0,
            new_email: suggestion.clone().unwrap_or_default(),
            suggestion,
            address: Some(held.email),
            ..Self::default()
        }
    }
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
        let here = Self { address: Some("minji@gmial.com".into()), may_correct: true, ..Self::default() };
        let correction = |problem| {
            let problem = Some(problem);
            Self { correcting: true, new_email: "minji@gmail".into(), problem, ..here.clone() }
        };
        let (gmail, long) = (Some("minji@gmail.com".to_owned()), format!("{}@example.com", "a".repeat(64)));
        vec![
            ("fresh", Self::default()),
            ("registered", Self { notice: Some(Notice::Registered), ..here.clone() }),
            ("mistyped", Self { suggestion: gmail.clone(), new_email: "minji@gmail.com".into(), ..here.clone() }),
            ("corrected", Self { notice: Some(Notice::EmailCorrected), ..here.clone() }),
            ("correction-invalid", correction(WaitingProblem::Email(EmailError::Invalid))),
            ("correction-same", correction(WaitingProblem::Same)),
            ("correction-too-often", Self { may_correct: false, ..correction(WaitingProblem::CorrectionsUsed) }),
            ("no-more-corrections", Self { may_correct: false, ..here.clone() }),
            ("on-a-development-machine", Self { dev_mail: true, ..Self::default() }),
            ("mailed-again", Self { notice: Some(Notice::VerificationMailed), ..Self::default() }),
            ("signed-in", Self { signed_in: true, ..here.clone() }),
            ("signed-in-long", Self { signed_in: true, address: Some(long), ..here.clone() }),
            ("unsaved", Self { signed_in: true, notice: Some(Notice::Unsaved), ..here.clone() }),
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
