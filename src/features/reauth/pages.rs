//! The page that asks again.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{Wait, WaitUnit},
};

#[derive(Clone, Debug, Serialize)]
pub struct ReauthPage {
    pub username: String,
    pub next: Option<String>,
    pub problem: Option<ReauthProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ReauthProblem {
    PasswordMissing,
    PasswordWrong,
    SlowDown { wait: Wait },
    Busy { wait: Wait },
}

impl Page for ReauthPage {
    const TEMPLATE: &'static str = "reauth/reauth.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { username: "minji".into(), next: Some("/account/email".into()), problem: None };
        let with = |problem| Self { problem: Some(problem), ..plain.clone() };
        vec![
            ("fresh", plain.clone()),
            ("without-next", Self { next: None, ..plain.clone() }),
            ("password-missing", with(ReauthProblem::PasswordMissing)),
            ("password-wrong", with(ReauthProblem::PasswordWrong)),
            ("slow-down", with(ReauthProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 2 } })),
            ("busy", with(ReauthProblem::Busy { wait: Wait { unit: WaitUnit::Seconds, count: 1 } })),
            ("hostile", Self { next: Some("/\"><script>".into()), ..plain.clone() }),
        ]
    }
}
