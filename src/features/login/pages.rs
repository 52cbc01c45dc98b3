//! The sign-in page in all its states.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{Notice, Wait, WaitUnit},
};

#[derive(Clone, Debug, Default, Serialize)]
pub struct LoginPage {
    pub identifier: String,
    pub next: Option<String>,
    pub remember: bool,
    /// Where one signs in with a passkey, when that can be.
    pub passkeys: Option<String>,
    pub notice: Option<Notice>,
    pub problem: Option<LoginProblem>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum LoginProblem {
    /// The pair was refused; for which reason is never said.
    Refused,
    /// The pair is right, but the account is going to be erased; how to keep it was mailed again.
    Closing,
    /// Fields were left empty: at least one of the two.
    Missing {
        identifier: bool,
        password: bool,
    },
    SlowDown {
        wait: Wait,
    },
    Busy {
        wait: Wait,
    },
}

impl Page for LoginPage {
    const TEMPLATE: &'static str = "login/login.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |problem| Self { identifier: "minji".into(), problem: Some(problem), ..Self::default() };
        let told = |notice| Self { notice: Some(notice), ..Self::default() };
        vec![
            ("fresh", Self::default()),
            ("passkeys", Self { passkeys: Some("/login/passkey".into()), ..Self::default() }),
            (
                "with-next",
                Self {
                    next: Some("/dashboard?tab=\"x\"&y=1".into()),
                    remember: true,
                    passkeys: Some("/login/passkey".into()),
                    ..Self::default()
                },
            ),
            ("signed-out", told(Notice::SignedOut)),
            ("email-verified", told(Notice::EmailVerified)),
            ("password-reset", told(Notice::PasswordReset)),
            ("deletion-scheduled", told(Notice::DeletionScheduled)),
            ("deletion-undone", told(Notice::DeletionUndone)),
            (
                "refused",
                Self { remember: true, passkeys: Some("/login/passkey".into()), ..with(LoginProblem::Refused) },
            ),
            (
                "all-missing",
                Self { identifier: String::new(), ..with(LoginProblem::Missing { identifier: true, password: true }) },
            ),
            (
                "identifier-missing",
                Self { identifier: String::new(), ..with(LoginProblem::Missing { identifier: true, password: false }) },
            ),
            ("closing", with(LoginProblem::Closing)),
            ("password-missing", with(LoginProblem::Missing { identifier: false, password: true })),
            ("slow-down", with(LoginProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 15 } })),
            ("slow-down-long", with(LoginProblem::SlowDown { wait: Wait { unit: WaitUnit::Hours, count: 1 } })),
            ("busy", with(LoginProblem::Busy { wait: Wait { unit: WaitUnit::Seconds, count: 5 } })),
            (
                "hostile",
                Self {
                    identifier: r#""><svg onload=alert(1)>{{7*7}}"#.into(),
                    next: Some("/\"><script>".into()),
                    ..with(LoginProblem::Refused)
                },
            ),
        ]
    }
}
