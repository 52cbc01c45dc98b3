//! The page that changes the password, and the email about it.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use super::service::Account;
use crate::{
    templates::{Mail, Page, usual_and_hostile},
    types::{Age, AgeUnit, Notice, ReturnTo, Throttled, Wait, WaitUnit},
    web::{Ctx, PasswordError, Refusal},
};

#[derive(Clone, Debug, Serialize)]
pub struct PasswordPage {
    pub username: String,
    pub password_min: usize,
    /// When the current one was set.
    pub changed: Age,
    /// Where to go on to.
    pub next: Option<String>,
    pub current_error: Option<CurrentError>,
    pub error: Option<PasswordError>,
    pub problem: Option<Throttled>,
    pub notice: Option<Notice>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum CurrentError {
    Missing,
    Wrong,
}

impl PasswordPage {
    /// The empty form, for a user on the way to `next`.
    pub(super) fn new(ctx: &Ctx, account: &Account, next: Option<ReturnTo>) -> Self {
        Self {
            username: account.user.username.clone(),
            password_min: ctx.state.config.passwords.policy.min,
            changed: Age::between(account.changed_at, ctx.now()),
            next: next.map(|next| next.as_str().to_owned()),
            current_error: None,
            error: None,
            problem: None,
            notice: None,
        }
    }
}

impl Refusal for PasswordPage {
    fn throttled(&self) -> Option<Throttled> {
        self.problem
    }
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
        let wrong = |current, error| Self { current_error: Some(current), error, ..plain.clone() };
        let hostile = Self { username: "<svg>{{7*7}}".into(), next: Some("/\"><script>".into()), ..plain.clone() };
        let mut samples = vec![
            ("fresh", plain.clone()),
            ("changed", Self { notice: Some(Notice::PasswordChanged), ..plain.clone() }),
            ("common", Self { notice: Some(Notice::PasswordCommon), next: Some("/dashboard".into()), ..plain.clone() }),
            ("current-wrong", wrong(CurrentError::Wrong, None)),
            ("both-missing", wrong(CurrentError::Missing, Some(PasswordError::MISSING))),
            ("slow-down", with(Throttled::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 2 } })),
            ("busy", with(Throttled::busy(1))),
            ("hostile-next", hostile),
        ];
        let refused = |(state, error)| (state, Self { error: Some(error), ..plain.clone() });
        samples.extend(PasswordError::SAMPLES.map(refused));
        samples
    }
}

/// The password was changed.
#[derive(Clone, Debug, Serialize)]
pub struct PasswordChanged {
    pub username: String,
    pub recover_link: String,
}

impl Mail for PasswordChanged {
    const NAME: &'static str = "emails/password-changed";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, recover_link: "https://id.example.com/recover".into() })
    }
}
