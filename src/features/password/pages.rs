//! The page that changes the password.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{Age, AgeUnit, Notice, Wait, WaitUnit},
    web::PasswordError,
};

#[derive(Clone, Debug, Serialize)]
pub struct PasswordPage {
    pub username: String,
    pub password_min: usize,
    /// When the present one was set.
    pub changed: Age,
    /// Where to go on to.
    pub next: Option<String>,
    pub current_error: Option<CurrentError>,
    pub error: Option<PasswordError>,
    pub problem: Option<PasswordProblem>,
    pub notice: Option<Notice>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum CurrentError {
    Missing,
    Wrong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum PasswordProblem {
    SlowDown { wait: Wait },
    Busy { wait: Wait },
}

impl Page for PasswordPage {
    const TEMPLATE: &'static str = "password/password.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self {
            username: "minji".into(),
            password_min: 12,
            changed: Age { unit: AgeUnit::Days, count: 41, at: "2026-03-01T09:30:00Z".into() },
            next: None,
            current_error: None,
            error: None,
            problem: None,
            notice: None,
        };
        let with = |problem| Self { problem: Some(problem), ..plain.clone() };
        let mut samples = vec![
            ("fresh", plain.clone()),
            ("changed", Self { notice: Some(Notice::PasswordChanged), ..plain.clone() }),
            ("common", Self { notice: Some(Notice::PasswordCommon), next: Some("/dashboard".into()), ..plain.clone() }),
            ("current-wrong", Self { current_error: Some(CurrentError::Wrong), ..plain.clone() }),
            (
                "both-missing",
                Self {
                    current_error: Some(CurrentError::Missing),
                    error: Some(PasswordError::Missing),
                    ..plain.clone()
                },
            ),
            ("slow-down", with(PasswordProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 2 } })),
            ("busy", with(PasswordProblem::Busy { wait: Wait { unit: WaitUnit::Seconds, count: 1 } })),
            (
                "hostile-next",
                Self { username: "<svg>{{7*7}}".into(), next: Some("/\"><script>".into()), ..plain.clone() },
            ),
        ];
        let refused = |(state, error)| (state, Self { error: Some(error), ..plain.clone() });
        samples.extend(PasswordError::SAMPLES.map(refused));
        samples
    }
}
