//! The pages of authenticator apps.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

pub use super::qr::Picture;
use crate::{
    signin::challenge::OtherWay,
    templates::Page,
    types::{DisplayName, DisplayNameError, Wait, WaitUnit},
};

/// What can be wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum CodeProblem {
    /// Not six digits.
    Digits,
    /// Another code, or one that was used before: which of the two is nobody's business.
    Wrong,
    SlowDown {
        wait: Wait,
    },
}

/// What can be wrong with the name of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum NameError {
    Missing,
    TooLong { max: usize },
    Characters,
}

impl From<DisplayNameError> for NameError {
    fn from(error: DisplayNameError) -> Self {
        match error {
            DisplayNameError::TooLong => Self::TooLong { max: DisplayName::MAX },
            DisplayNameError::Characters => Self::Characters,
        }
    }
}

/// Asks for a code: at sign-in, or again.
#[derive(Clone, Debug, Serialize)]
pub struct ChallengePage {
    pub username: String,
    /// Whether somebody who is in is asked again.
    pub again: bool,
    /// Where to go on to, for somebody who is in.
    pub next: Option<String>,
    pub trust: bool,
    pub others: Vec<OtherWay>,
    pub problem: Option<CodeProblem>,
}

impl Page for ChallengePage {
    const TEMPLATE: &'static str = "totp/challenge.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let way = |way, path: &str| OtherWay { way, path: path.into() };
        let plain = Self {
            username: "minji".into(),
            again: false,
            next: None,
            trust: false,
            others: vec![way("passkey", "/login/passkey"), way("recovery-code", "/login/recovery-code")],
            problem: None,
        };
        let with = |problem| Self { problem: Some(problem), ..plain.clone() };
        let again = Self {
            again: true,
            next: Some("/account/email".into()),
            others: vec![way("totp", "/reauth/totp?next=/account/email")],
            ..plain.clone()
        };
        vec![
            ("sign-in", plain.clone()),
            ("alone", Self { others: Vec::new(), ..plain.clone() }),
            ("digits", with(CodeProblem::Digits)),
            ("wrong", Self { trust: true, ..with(CodeProblem::Wrong) }),
            ("slow-down", with(CodeProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 1 } })),
            ("again-wrong", Self { problem: Some(CodeProblem::Wrong), ..again.clone() }),
            ("again", again),
        ]
    }
}

/// Begins, or says why not.
#[derive(Clone, Debug, Serialize)]
pub struct BeginPage {
    /// The account has as many as it can have.
    pub full: bool,
    pub max: usize,
}

impl Page for BeginPage {
    const TEMPLATE: &'static str = "totp/begin.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![("fresh", Self { full: false, max: 10 }), ("full", Self { full: true, max: 10 })]
    }
}

/// Shows a new seed, and asks for its first code.
#[derive(Clone, Debug, Serialize)]
pub struct EnrolPage {
    /// None for a service whose name is too long for it.
    pub picture: Option<Picture>,
    /// In groups of four.
    pub key: String,
    /// For an app on the same device.
    pub otpauth: String,
    pub name: String,
    pub name_error: Option<NameError>,
    pub problem: Option<CodeProblem>,
}

impl Page for EnrolPage {
    const TEMPLATE: &'static str = "totp/enrol.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let otpauth = "otpauth://totp/Vestibule:minji?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let plain = Self {
            picture: Picture::of(otpauth),
            key: "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ".into(),
            otpauth: otpauth.into(),
            name: String::new(),
            name_error: None,
            problem: None,
        };
        let with = |problem| Self { name: "내 휴대폰".into(), problem: Some(problem), ..plain.clone() };
        vec![
            ("fresh", plain.clone()),
            ("digits", with(CodeProblem::Digits)),
            ("wrong", with(CodeProblem::Wrong)),
            ("slow-down", with(CodeProblem::SlowDown { wait: Wait { unit: WaitUnit::Seconds, count: 40 } })),
            ("name-too-long", Self { name_error: Some(NameError::TooLong { max: 64 }), ..plain.clone() }),
            (
                "both-wrong",
                Self { name_error: Some(NameError::Characters), problem: Some(CodeProblem::Digits), ..plain.clone() },
            ),
            ("hostile", Self { picture: None, name: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..plain.clone() }),
        ]
    }
}

/// Gives an app another name.
#[derive(Clone, Debug, Serialize)]
pub struct RenamePage {
    pub id: String,
    pub name: String,
    pub error: Option<NameError>,
}

impl Page for RenamePage {
    const TEMPLATE: &'static str = "totp/rename.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { id: "00000000-0000-4000-8000-000000000001".into(), name: "My phone".into(), error: None };
        vec![
            ("missing", Self { name: String::new(), error: Some(NameError::Missing), ..plain.clone() }),
            ("too-long", Self { error: Some(NameError::TooLong { max: 64 }), ..plain.clone() }),
            ("characters", Self { error: Some(NameError::Characters), ..plain.clone() }),
            ("hostile", Self { name: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..plain.clone() }),
            ("plain", plain),
        ]
    }
}

/// Asks whether an app is to go.
#[derive(Clone, Debug, Serialize)]
pub struct RemovePage {
    pub id: String,
    pub name: String,
    /// It is the last factor beside the password.
    pub last: bool,
}

impl Page for RemovePage {
    const TEMPLATE: &'static str = "totp/remove.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { id: "00000000-0000-4000-8000-000000000001".into(), name: "My phone".into(), last: false };
        vec![
            ("last", Self { last: true, ..plain.clone() }),
            ("hostile", Self { name: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..plain.clone() }),
            ("plain", plain),
        ]
    }
}
