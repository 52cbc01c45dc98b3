//! The account's front page.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    accounts::FEW_CODES,
    sessions::{LiveSession, Overview},
    templates::Page,
    types::{Age, AgeUnit, Notice},
    web::{Ctx, SessionRow, session_rows},
};

#[derive(Clone, Debug, Default, Serialize)]
pub struct DashboardPage {
    pub username: String,
    pub display_name: Option<String>,
    pub email: String,
    pub email_verified: bool,
    /// How many of the three things of the check-up are done.
    pub checked: u32,
    /// `2026-03-01`; the page words it.
    pub member_since: String,
    /// The user's own session first, then by last use.
    pub sessions: Vec<SessionRow>,
    /// How many are not listed.
    pub more_sessions: usize,
    /// None for an account without a password.
    pub password_changed: Option<Age>,
    pub passkeys: u32,
    pub apps: u32,
    pub second_step: bool,
    pub recovery_codes: u32,
    /// Whether enough of them are left.
    pub codes_kept: bool,
    pub notice: Option<Notice>,
}

impl DashboardPage {
    pub(super) fn new(ctx: &Ctx, me: &LiveSession, overview: &Overview) -> Self {
        let (listed, factors) = (&overview.sessions, &overview.factors);
        let total = listed.first().map_or(0, |session| usize::try_from(session.total).unwrap_or(0));
        let codes_kept = factors.has_second() && factors.recovery_codes > FEW_CODES;
        let done = [me.email_verified, factors.has_second(), codes_kept];
        Self {
            username: me.username.clone(),
            display_name: me.display_name.clone(),
            email: me.email.clone(),
            email_verified: me.email_verified,
            checked: done.into_iter().map(u32::from).sum(),
            member_since: overview.member_since.date().to_string(),
            sessions: session_rows(ctx, me, listed),
            more_sessions: total.saturating_sub(listed.len()),
            password_changed: overview.password_changed_at.map(|at| Age::between(at, ctx.now())),
            passkeys: factors.passkeys,
            apps: factors.totp,
            second_step: factors.has_second(),
            recovery_codes: factors.recovery_codes,
            codes_kept,
            notice: ctx.take_notice(),
        }
    }
}

/// The longest names; they must not break the page.
const LONG_NAME: &str = "김수한무 거북이와 두루미 삼천갑자 동방삭 \
    치치카포 사리사리센타 워리워리 세브리캉 무드셀라 구름이";

impl Page for DashboardPage {
    const TEMPLATE: &'static str = "dashboard/dashboard.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let one = Self {
            username: "minji".into(),
            email: "minji@example.com".into(),
            email_verified: true,
            checked: 1,
            member_since: "2026-03-01".into(),
            sessions: vec![SessionRow::sample(Some("Firefox"), Some("macOS"), "203.0.113.7", true)],
            password_changed: Some(age(AgeUnit::Now, 0)),
            ..Self::default()
        };
        let many = Self {
            display_name: Some("김민지".into()),
            sessions: SessionRow::samples(),
            more_sessions: 3,
            password_changed: Some(age(AgeUnit::Days, 41)),
            passkeys: 2,
            apps: 1,
            second_step: true,
            recovery_codes: 9,
            codes_kept: true,
            checked: 3,
            ..one.clone()
        };
        let long = Self {
            username: "a".repeat(32),
            display_name: Some(LONG_NAME.into()),
            email: format!("{}@{}.example.com", "a".repeat(64), "b".repeat(60)),
            more_sessions: 1,
            ..many.clone()
        };
        let hostile = Self {
            display_name: Some(r#""><svg onload=alert(1)>{{7*7}}{% include "x" %}"#.into()),
            sessions: vec![SessionRow::sample(Some("<script>alert(1)</script>"), Some("\"'"), "203.0.113.7", true)],
            ..one.clone()
        };
        let notice = |notice| Self { notice: Some(notice), ..one.clone() };
        vec![
            ("email-verified", notice(Notice::EmailVerified)),
            ("email-changed", notice(Notice::EmailChanged)),
            ("password-changed", notice(Notice::PasswordChanged)),
            ("no-password", Self { password_changed: None, ..many.clone() }),
            ("no-codes", Self { recovery_codes: 0, codes_kept: false, checked: 2, ..many.clone() }),
            ("few-codes", Self { recovery_codes: 1, codes_kept: false, checked: 2, ..many.clone() }),
            ("email-unverified", Self { email_verified: false, checked: 0, ..one.clone() }),
            ("one-session", one),
            ("five-sessions", many),
            ("long-names", long),
            ("hostile", hostile),
        ]
    }
}

fn age(unit: AgeUnit, count: u64) -> Age {
    Age { unit, count, at: "2026-03-01T09:30:00Z".into() }
}
