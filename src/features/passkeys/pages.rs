//! The pages on which passkeys are added, named and shown, in all their states.

#![expect(missing_docs, reason = "the templates word what the names say")]

use axum::http::StatusCode;
use serde::Serialize;
use time::OffsetDateTime;

use super::{model::Problem, service::PASSKEYS_MAX};
use crate::{
    accounts::{Factors, ListedFactor},
    sessions::{Challenge, pending::Pending},
    signin::challenge::{self, OtherWay},
    templates::Page,
    types::{Age, AgeUnit, Notice, ReturnTo},
    web::{Refusal, next_query},
};

/// Sign in with a passkey, alone or after the password.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LoginPasskeyPage {
    /// Whether this service has passkeys at all.
    pub offered: bool,
    /// The account, after its password.
    pub username: Option<String>,
    pub others: Vec<OtherWay>,
    pub next: Option<String>,
    /// Leads to the sign-in page on the way there.
    pub query: String,
    pub remember: bool,
    pub trust: bool,
    pub problem: Option<Problem>,
}

/// Prove by a passkey again who you are.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ReauthPasskeyPage {
    pub offered: bool,
    pub username: String,
    pub others: Vec<OtherWay>,
    pub next: Option<String>,
    pub notice: Option<Notice>,
    pub problem: Option<Problem>,
}

/// The passkeys of an account.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PasskeysPage {
    pub offered: bool,
    pub passkeys: Vec<PasskeyRow>,
    /// Whether there may be more.
    pub full: bool,
    /// Whether it would be the account's first second factor, after which the password alone is not enough.
    pub first: bool,
    /// What a new one is called, unless its owner says otherwise.
    pub name: String,
    pub notice: Option<Notice>,
    pub problem: Option<Problem>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PasskeyRow {
    pub id: String,
    pub name: String,
    pub created: Age,
    pub last_used: Option<Age>,
    pub synced: bool,
}

impl LoginPasskeyPage {
    /// The same for a visitor on the way to `next`.
    #[must_use]
    pub fn towards(self, next: Option<&ReturnTo>) -> Self {
        Self { next: next.map(|next| next.as_str().to_owned()), query: next_query(next), ..self }
    }

    #[must_use]
    pub fn after_password(self, pending: &Pending, factors: &Factors) -> Self {
        let next = pending.next();
        let others = challenge::other_ways(factors, Challenge::Passkey, next.as_ref());
        Self { username: Some(pending.username.clone()), others, ..self.towards(next.as_ref()) }
    }
}

impl PasskeysPage {
    pub fn new(offered: bool, listed: Vec<ListedFactor>, name: String, now: OffsetDateTime) -> Self {
        let full = listed.len() >= PASSKEYS_MAX;
        let row = |passkey: ListedFactor| PasskeyRow {
            id: passkey.id.to_string(),
            name: passkey.name,
            created: Age::between(passkey.created_at, now),
            last_used: passkey.last_used_at.map(|at| Age::between(at, now)),
            synced: passkey.synced,
        };
        let passkeys = listed.into_iter().map(row).collect();
        Self { offered, passkeys, full, name, ..Self::default() }
    }
}

impl Refusal for LoginPasskeyPage {
    fn status(&self) -> StatusCode {
        status(self.problem)
    }
}

impl Refusal for ReauthPasskeyPage {
    fn status(&self) -> StatusCode {
        status(self.problem)
    }
}

impl Refusal for PasskeysPage {
    fn status(&self) -> StatusCode {
        status(self.problem)
    }
}

/// An invalid answer may be forged; a missing one, or one passkey too many, is a form error.
fn status(problem: Option<Problem>) -> StatusCode {
    match problem {
        Some(Problem::Over | Problem::Refused) => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

const HOSTILE: &str = r#""><svg onload=alert(1)>{{7*7}}"#;

fn ways() -> Vec<OtherWay> {
    let way = |way, path: &str| OtherWay { way, path: path.into() };
    vec![way("totp", "/login/totp"), way("recovery-code", "/login/recovery-code")]
}

impl Page for LoginPasskeyPage {
    const TEMPLATE: &'static str = "passkeys/login.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let alone = Self { offered: true, ..Self::default() };
        let second = Self { username: Some("minji".into()), others: ways(), ..alone.clone() };
        let with = |problem| Self { problem: Some(problem), ..alone.clone() };
        vec![
            ("alone", alone.clone()),
            ("not-offered", Self::default()),
            ("with-next", Self { next: Some("/dashboard?tab=\"x\"&y=1".into()), remember: true, ..alone.clone() }),
            ("missing", with(Problem::Missing)),
            ("over", with(Problem::Over)),
            ("refused", with(Problem::Refused)),
            ("second", second.clone()),
            ("second-alone", Self { others: Vec::new(), trust: true, ..second.clone() }),
            ("second-not-offered", Self { offered: false, ..second.clone() }),
            ("second-refused", Self { problem: Some(Problem::Refused), ..second.clone() }),
            ("hostile", Self { username: Some(HOSTILE.into()), ..second }),
        ]
    }
}

impl Page for ReauthPasskeyPage {
    const TEMPLATE: &'static str = "passkeys/reauth.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { offered: true, username: "minji".into(), others: ways(), ..Self::default() };
        vec![
            ("fresh", Self { next: Some("/account/email".into()), ..plain.clone() }),
            ("unsaved", Self { notice: Some(Notice::Unsaved), ..plain.clone() }),
            ("alone", Self { others: Vec::new(), ..plain.clone() }),
            ("not-offered", Self { offered: false, ..plain.clone() }),
            ("refused", Self { problem: Some(Problem::Refused), ..plain.clone() }),
            ("over", Self { problem: Some(Problem::Over), ..plain.clone() }),
            ("missing", Self { problem: Some(Problem::Missing), ..plain.clone() }),
            ("hostile", Self { username: HOSTILE.into(), next: Some("/\"><script>".into()), ..plain }),
        ]
    }
}

impl Page for PasskeysPage {
    const TEMPLATE: &'static str = "passkeys/passkeys.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let row = |name: &str, synced, last_used| PasskeyRow {
            id: "0198f2b4-0000-4000-8000-000000000001".into(),
            name: name.into(),
            created: Age { unit: AgeUnit::Days, count: 3, at: "2026-03-01T09:30:00Z".into() },
            last_used,
            synced,
        };
        let now = Age { unit: AgeUnit::Now, count: 0, at: "2026-03-04T09:30:00Z".into() };
        let none = Self { offered: true, name: "Chrome (macOS)".into(), ..Self::default() };
        let two = vec![row("Chrome (macOS)", true, Some(now)), row("열쇠고리에 단 보안 키", false, None)];
        let some = Self { passkeys: two, ..none.clone() };
        let with = |problem| Self { problem: Some(problem), ..some.clone() };
        vec![
            ("none", none.clone()),
            ("first", Self { first: true, ..none.clone() }),
            ("two", some.clone()),
            ("full", Self { full: true, ..some.clone() }),
            ("not-offered", Self { offered: false, ..none }),
            ("not-offered-any-more", Self { offered: false, ..some.clone() }),
            ("added", Self { notice: Some(Notice::PasskeyAdded), ..some.clone() }),
            ("renamed", Self { notice: Some(Notice::PasskeyRenamed), ..some.clone() }),
            ("removed", Self { notice: Some(Notice::PasskeyRemoved), ..some.clone() }),
            ("missing", with(Problem::Missing)),
            ("over", with(Problem::Over)),
            ("refused", with(Problem::Refused)),
            ("refused-full", Self { full: true, ..with(Problem::Full) }),
            ("hostile", Self { passkeys: vec![row(HOSTILE, true, None)], name: HOSTILE.into(), ..some }),
        ]
    }
}
