//! The page that asks for the password again.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    sessions::LiveSession,
    templates::Page,
    types::{Notice, ReturnTo, Throttled, Wait, WaitUnit},
    web::{Refusal, next_query},
};

#[derive(Clone, Debug, Serialize)]
pub struct ReauthPage {
    pub username: String,
    pub next: Option<String>,
    /// Leads to other pages on the way there.
    pub query: String,
    pub notice: Option<Notice>,
    pub problem: Option<ReauthProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ReauthProblem {
    PasswordMissing,
    /// Or the session or the credentials changed while the password was compared.
    PasswordWrong,
    #[serde(untagged)]
    Throttled(Throttled),
}

impl ReauthPage {
    pub(super) fn new(me: &LiveSession, next: Option<&ReturnTo>, problem: Option<ReauthProblem>) -> Self {
        let (username, query) = (me.username.clone(), next_query(next));
        Self { username, next: next.map(|next| next.as_str().to_owned()), query, notice: None, problem }
    }
}

impl Refusal for ReauthPage {
    fn throttled(&self) -> Option<Throttled> {
        if let Some(ReauthProblem::Throttled(throttled)) = self.problem { Some(throttled) } else { None }
    }
}

impl Page for ReauthPage {
    const TEMPLATE: &'static str = "reauth/reauth.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let (next, query) = (Some("/account/email".into()), "?next=/account/email".into());
        let plain = Self { username: "minji".into(), next, query, notice: None, problem: None };
        let with = |problem| Self { problem: Some(problem), ..plain.clone() };
        let slow_down = Throttled::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 2 } };
        vec![
            ("fresh", plain.clone()),
            ("unsaved", Self { notice: Some(Notice::Unsaved), ..plain.clone() }),
            ("without-next", Self { next: None, query: String::new(), ..plain.clone() }),
            ("password-missing", with(ReauthProblem::PasswordMissing)),
            ("password-wrong", with(ReauthProblem::PasswordWrong)),
            ("slow-down", with(ReauthProblem::Throttled(slow_down))),
            ("busy", with(ReauthProblem::Throttled(Throttled::busy(1)))),
            ("hostile", Self { next: Some("/\"><script>".into()), ..plain.clone() }),
        ]
    }
}
