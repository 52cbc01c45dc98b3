//! The profile in all its states.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{self, DisplayName, Lang, Notice, Wait, WaitUnit},
};

#[derive(Clone, Debug, Serialize)]
pub struct ProfilePage {
    pub username: String,
    pub email: String,
    pub display_name: String,
    /// None is whatever the browser asks for.
    pub language: Option<Lang>,
    pub error: Option<DisplayNameError>,
    pub problem: Option<ProfileProblem>,
    pub notice: Option<Notice>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum DisplayNameError {
    TooLong { max: usize },
    Characters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ProfileProblem {
    /// Too many changes of this account.
    SlowDown { wait: Wait },
}

impl From<types::DisplayNameError> for DisplayNameError {
    fn from(error: types::DisplayNameError) -> Self {
        match error {
            types::DisplayNameError::TooLong => Self::TooLong { max: DisplayName::MAX },
            types::DisplayNameError::Characters => Self::Characters,
        }
    }
}

impl Page for ProfilePage {
    const TEMPLATE: &'static str = "profile/profile.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self {
            username: "minji".into(),
            email: "minji@example.com".into(),
            display_name: String::new(),
            language: None,
            error: None,
            problem: None,
            notice: None,
        };
        let named = Self { display_name: "김민지".into(), language: Some(Lang::Ko), ..plain.clone() };
        let wrong = |error| Self { error: Some(error), ..named.clone() };
        let slow_down = ProfileProblem::SlowDown { wait: Wait { unit: WaitUnit::Seconds, count: 10 } };
        vec![
            ("saved", Self { notice: Some(Notice::ProfileSaved), ..named.clone() }),
            ("too-long", wrong(DisplayNameError::TooLong { max: 64 })),
            ("characters", wrong(DisplayNameError::Characters)),
            ("slow-down", Self { problem: Some(slow_down), ..named.clone() }),
            (
                "long-names",
                Self {
                    username: "a".repeat(32),
                    email: format!("{}@{}.example.com", "a".repeat(64), "b".repeat(60)),
                    display_name: "가".repeat(64),
                    language: Some(Lang::En),
                    ..plain.clone()
                },
            ),
            ("hostile", Self { display_name: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..plain.clone() }),
            ("plain", plain),
            ("named", named),
        ]
    }
}
