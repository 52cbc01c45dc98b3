//! The pages and email of recovery.

#![expect(missing_docs, reason = "the template words what the names say")]

use std::time::Duration;

use serde::Serialize;

use crate::{
    templates::{Mail, Page, sample_link, usual_and_hostile},
    types::{Notice, ReturnTo, Throttled},
    web::{PasswordError, Refusal, next_query},
};

/// The form that requests a recovery link.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AskPage {
    pub identifier: String,
    /// Whether email stays on this machine, to be read at `/dev/mail`.
    pub dev_mail: bool,
    pub notice: Option<Notice>,
    pub problem: Option<AskProblem>,
    pub next: Option<String>,
    /// Leads to the sign-in page on the way there.
    pub query: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum AskProblem {
    /// The link that was opened no longer works.
    LinkExpired,
    Missing,
    #[serde(untagged)]
    Throttled(Throttled),
}

/// Choosing a new password.
#[derive(Clone, Debug, Serialize)]
pub struct ResetPage {
    pub username: String,
    pub password_min: usize,
    pub error: Option<PasswordError>,
    pub problem: Option<Throttled>,
    pub notice: Option<Notice>,
}

/// The email with the recovery link.
#[derive(Clone, Debug, Serialize)]
pub struct Recover {
    pub username: String,
    pub link: String,
    /// How long the link works.
    pub minutes: u64,
}

impl AskPage {
    /// For a visitor on the way to `next`.
    pub fn new(next: Option<&ReturnTo>) -> Self {
        Self { next: next.map(|next| next.as_str().to_owned()), query: next_query(next), ..Self::default() }
    }
}

impl Refusal for AskPage {
    fn throttled(&self) -> Option<Throttled> {
        if let Some(AskProblem::Throttled(throttled)) = self.problem { Some(throttled) } else { None }
    }

    fn link_expired(&self) -> bool {
        self.problem == Some(AskProblem::LinkExpired)
    }
}

impl Refusal for ResetPage {
    fn throttled(&self) -> Option<Throttled> {
        self.problem
    }
}

impl Page for AskPage {
    const TEMPLATE: &'static str = "recovery/ask.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |problem| Self { identifier: "minji".into(), problem: Some(problem), ..Self::default() };
        vec![
            ("fresh", Self::default()),
            ("mailed", Self { notice: Some(Notice::RecoveryMailed), ..Self::default() }),
            ("mailed-here", Self { notice: Some(Notice::RecoveryMailed), dev_mail: true, ..Self::default() }),
            ("missing", Self { identifier: String::new(), ..with(AskProblem::Missing) }),
            ("link-expired", Self { identifier: String::new(), ..with(AskProblem::LinkExpired) }),
            ("slow-down", with(AskProblem::Throttled(Throttled::slow_down(Duration::from_secs(120))))),
            ("busy", with(AskProblem::Throttled(Throttled::busy(30)))),
            ("hostile", Self { identifier: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..with(AskProblem::Missing) }),
        ]
    }
}

impl Page for ResetPage {
    const TEMPLATE: &'static str = "recovery/reset.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { username: "minji".into(), password_min: 12, error: None, problem: None, notice: None };
        let throttled = |throttled| Self { problem: Some(throttled), ..plain.clone() };
        let samples = [
            ("fresh", plain.clone()),
            ("undone", Self { notice: Some(Notice::FactorsUndone), ..plain.clone() }),
            ("slow-down", throttled(Throttled::slow_down(Duration::from_secs(120)))),
            ("busy", throttled(Throttled::busy(1))),
        ];
        let refused = PasswordError::SAMPLES.map(|(name, error)| (name, Self { error: Some(error), ..plain.clone() }));
        samples.into_iter().chain(refused).collect()
    }
}

impl Mail for Recover {
    const NAME: &'static str = "emails/recover";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, link: sample_link("/recover/reset"), minutes: 60 })
    }
}
