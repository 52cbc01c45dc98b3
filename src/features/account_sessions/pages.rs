//! The page of sessions and trusted browsers.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    sessions::known_browsers::TrustedBrowser,
    templates::Page,
    types::{Age, AgeUnit, Notice},
    web::{Ctx, SessionRow, device},
};

#[derive(Clone, Debug, Serialize)]
pub struct SessionsPage {
    /// The user's own session first, then by last use.
    pub sessions: Vec<SessionRow>,
    /// The browsers that skip the second factor.
    pub browsers: Vec<BrowserRow>,
    pub notice: Option<Notice>,
}

/// A browser that skips the second factor.
#[derive(Clone, Debug, Serialize)]
pub struct BrowserRow {
    /// The identifier used in the form that revokes the trust.
    pub id: String,
    pub browser: Option<String>,
    pub system: Option<String>,
    pub address: String,
    pub since: Age,
    /// `2026-03-01`; the page words it.
    pub until: String,
    pub current: bool,
}

impl BrowserRow {
    pub fn new(ctx: &Ctx, trusted: &TrustedBrowser) -> Self {
        Self {
            id: trusted.id.to_string(),
            browser: device::browser(&trusted.user_agent).map(str::to_owned),
            system: device::system(&trusted.user_agent).map(str::to_owned),
            address: trusted.address.clone(),
            since: Age::between(trusted.since, ctx.now()),
            until: trusted.until.date().to_string(),
            current: trusted.current,
        }
    }

    fn sample(browser: Option<&str>, system: Option<&str>, current: bool) -> Self {
        Self {
            id: "0198f2b4-0000-4000-8000-000000000001".into(),
            browser: browser.map(Into::into),
            system: system.map(Into::into),
            address: "203.0.113.7".into(),
            since: Age { unit: AgeUnit::Days, count: 2, at: "2026-03-01T09:30:00Z".into() },
            until: "2026-03-29".into(),
            current,
        }
    }
}

impl Page for SessionsPage {
    const TEMPLATE: &'static str = "account_sessions/sessions.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let one = vec![SessionRow::sample(Some("Firefox"), Some("macOS"), "203.0.113.7", true)];
        let many = SessionRow::samples();
        let plain = Self { sessions: one, browsers: Vec::new(), notice: None };
        let this = BrowserRow::sample(Some("Firefox"), Some("macOS"), true);
        let other = BrowserRow::sample(None, Some("Linux"), false);
        let hostile = Self {
            sessions: vec![SessionRow::sample(Some("<svg>{{7*7}}"), Some("\"'"), "203.0.113.7", true)],
            browsers: vec![BrowserRow::sample(Some("<svg>{{7*7}}"), None, false)],
            notice: None,
        };
        let notice = |notice| Self { notice: Some(notice), ..plain.clone() };
        vec![
            ("one", plain.clone()),
            ("five", Self { sessions: many.clone(), ..plain.clone() }),
            ("ended", Self { sessions: many.clone(), ..notice(Notice::SessionEnded) }),
            ("others-ended", notice(Notice::OtherSessionsEnded)),
            ("trusted", Self { sessions: many, browsers: vec![this, other], ..plain.clone() }),
            ("forgotten", notice(Notice::BrowserForgotten)),
            ("hostile", hostile),
        ]
    }
}
