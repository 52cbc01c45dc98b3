//! Who you are, and where you are signed in.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{Age, AgeUnit},
};

#[derive(Clone, Debug, Serialize)]
pub struct DashboardPage {
    pub username: String,
    pub display_name: Option<String>,
    pub email: String,
    /// `2026-03-01`; the page words it.
    pub member_since: String,
    /// The visitor's own session first, then the most lately used.
    pub sessions: Vec<SessionRow>,
    /// How many are not listed.
    pub more_sessions: u32,
    /// None for an account without a password.
    pub password_changed: Option<Age>,
}

#[derive(Clone, Debug, Serialize)]
pub struct SessionRow {
    pub browser: Option<String>,
    pub system: Option<String>,
    pub address: String,
    pub created: Age,
    pub last_seen: Age,
    /// The session that asks for this page.
    pub current: bool,
    pub remembered: bool,
}

/// A name as long as they come; nothing may break where it stands.
const LONG_NAME: &str = "김수한무 거북이와 두루미 삼천갑자 동방삭 \
    치치카포 사리사리센타 워리워리 세브리캉 무드셀라 구름이";

impl Page for DashboardPage {
    const TEMPLATE: &'static str = "dashboard/dashboard.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let one = Self {
            username: "minji".into(),
            display_name: None,
            email: "minji@example.com".into(),
            member_since: "2026-03-01".into(),
            sessions: vec![session(Some("Firefox"), Some("macOS"), "203.0.113.7", true)],
            more_sessions: 0,
            password_changed: Some(age(AgeUnit::Now, 0)),
        };
        let many = Self {
            display_name: Some("김민지".into()),
            sessions: five_sessions(),
            more_sessions: 3,
            password_changed: Some(age(AgeUnit::Days, 41)),
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
            sessions: vec![session(Some("<script>alert(1)</script>"), Some("\"'"), "203.0.113.7", true)],
            ..one.clone()
        };
        vec![("one-session", one), ("five-sessions", many), ("long-names", long), ("hostile", hostile)]
    }
}

fn age(unit: AgeUnit, count: u64) -> Age {
    Age { unit, count, at: "2026-03-01T09:30:00Z".into() }
}

fn session(browser: Option<&str>, system: Option<&str>, address: &str, current: bool) -> SessionRow {
    SessionRow {
        browser: browser.map(Into::into),
        system: system.map(Into::into),
        address: address.into(),
        created: age(AgeUnit::Hours, 3),
        last_seen: age(AgeUnit::Now, 0),
        current,
        remembered: false,
    }
}

fn five_sessions() -> Vec<SessionRow> {
    vec![
        SessionRow { remembered: true, ..session(Some("Chrome"), Some("Windows"), "203.0.113.7", true) },
        SessionRow {
            last_seen: age(AgeUnit::Minutes, 1),
            ..session(Some("Safari"), Some("iOS"), "2001:db8:85a3:8d3:1319:8a2e:370:7348", false)
        },
        SessionRow {
            last_seen: age(AgeUnit::Hours, 1),
            created: age(AgeUnit::Days, 1),
            remembered: true,
            ..session(Some("Firefox"), None, "198.51.100.20", false)
        },
        SessionRow {
            last_seen: age(AgeUnit::Days, 2),
            created: age(AgeUnit::Days, 29),
            ..session(None, Some("Linux"), "192.0.2.1", false)
        },
        SessionRow { last_seen: age(AgeUnit::Minutes, 42), ..session(None, None, "192.0.2.44", false) },
    ]
}
