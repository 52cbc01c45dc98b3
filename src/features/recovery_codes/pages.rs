//! The pages of recovery codes.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    signin::challenge::OtherWay,
    templates::Page,
    types::{Age, AgeUnit, Notice, Wait, WaitUnit},
};

/// Asks for a code: at sign-in, or again.
#[derive(Clone, Debug, Serialize)]
pub struct ChallengePage {
    pub username: String,
    /// Whether somebody who is in is asked again.
    pub again: bool,
    /// Where to go on to, for somebody who is in.
    pub next: Option<String>,
    pub others: Vec<OtherWay>,
    pub problem: Option<CodeProblem>,
}

/// What can be wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum CodeProblem {
    /// Nothing that a code looks like.
    Shape,
    /// None of the account's, or one that was used before.
    Wrong,
    SlowDown {
        wait: Wait,
    },
}

impl Page for ChallengePage {
    const TEMPLATE: &'static str = "recovery_codes/challenge.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let way = |way, path: &str| OtherWay { way, path: path.into() };
        let plain = Self {
            username: "minji".into(),
            again: false,
            next: None,
            others: vec![way("totp", "/login/totp")],
            problem: None,
        };
        let with = |problem| Self { problem: Some(problem), ..plain.clone() };
        let again = Self {
            again: true,
            next: Some("/account/email".into()),
            others: vec![way("passkey", "/reauth/passkey?next=/account/email")],
            ..plain.clone()
        };
        vec![
            ("sign-in", plain.clone()),
            ("shape", with(CodeProblem::Shape)),
            ("wrong", with(CodeProblem::Wrong)),
            ("slow-down", with(CodeProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 1 } })),
            ("again-wrong", Self { problem: Some(CodeProblem::Wrong), ..again.clone() }),
            ("again", again),
        ]
    }
}

/// How many are left, and the button that makes new ones.
#[derive(Clone, Debug, Serialize)]
pub struct KeptPage {
    pub left: u64,
    /// None when there never were any.
    pub made: Option<Age>,
    pub notice: Option<Notice>,
}

impl Page for KeptPage {
    const TEMPLATE: &'static str = "recovery_codes/kept.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let made = Some(Age { unit: AgeUnit::Days, count: 41, at: "2026-03-01T09:30:00Z".into() });
        vec![
            ("none", Self { left: 0, made: None, notice: None }),
            ("after-the-first-factor", Self { left: 0, made: None, notice: Some(Notice::TotpAdded) }),
            ("ten", Self { left: 10, made: made.clone(), notice: None }),
            ("one", Self { left: 1, made: made.clone(), notice: None }),
            ("used-up", Self { left: 0, made, notice: None }),
        ]
    }
}

/// The codes, this once.
#[derive(Clone, Debug, Serialize)]
pub struct CodesPage {
    pub username: String,
    pub codes: Vec<String>,
}

impl Page for CodesPage {
    const TEMPLATE: &'static str = "recovery_codes/codes.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let codes = vec!["01AB2-3CDEF-GH45J-KMNPQ-RS6TV".to_owned(); 10];
        vec![
            ("made", Self { username: "minji".into(), codes: codes.clone() }),
            ("hostile", Self { username: "<svg>{{7*7}}".into(), codes }),
        ]
    }
}
