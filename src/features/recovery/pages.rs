//! The pages of recovery.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{Notice, Wait, WaitUnit},
    web::PasswordError,
};

/// Asking for a way back in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AskPage {
    pub identifier: String,
    /// Whether letters stay on this machine, to be read at `/dev/mail`.
    pub dev_mail: bool,
    pub notice: Option<Notice>,
    pub problem: Option<AskProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum AskProblem {
    /// The link that was opened no longer works.
    LinkOver,
    Missing,
    SlowDown {
        wait: Wait,
    },
    Busy {
        wait: Wait,
    },
}

/// Choosing a new password.
#[derive(Clone, Debug, Serialize)]
pub struct ResetPage {
    pub username: String,
    pub password_min: usize,
    pub error: Option<PasswordError>,
    pub problem: Option<ResetProblem>,
    pub notice: Option<Notice>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ResetProblem {
    SlowDown { wait: Wait },
    Busy { wait: Wait },
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
            ("link-over", Self { identifier: String::new(), ..with(AskProblem::LinkOver) }),
            ("slow-down", with(AskProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 2 } })),
            ("busy", with(AskProblem::Busy { wait: Wait { unit: WaitUnit::Seconds, count: 30 } })),
            ("hostile", Self { identifier: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..with(AskProblem::Missing) }),
        ]
    }
}

impl Page for ResetPage {
    const TEMPLATE: &'static str = "recovery/reset.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { username: "minji".into(), password_min: 12, error: None, problem: None, notice: None };
        let mut samples = vec![
            ("fresh", plain.clone()),
            ("undone", Self { notice: Some(Notice::FactorsUndone), ..plain.clone() }),
            (
                "slow-down",
                Self {
                    problem: Some(ResetProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 2 } }),
                    ..plain.clone()
                },
            ),
            (
                "busy",
                Self {
                    problem: Some(ResetProblem::Busy { wait: Wait { unit: WaitUnit::Seconds, count: 1 } }),
                    ..plain.clone()
                },
            ),
        ];
        samples
            .extend(PasswordError::SAMPLES.map(|(name, error)| (name, Self { error: Some(error), ..plain.clone() })));
        samples
    }
}
