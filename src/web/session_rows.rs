//! Sessions as pages list them for their owner.

#![expect(missing_docs, reason = "the names match the template")]

use serde::Serialize;

use super::{Ctx, device};
use crate::{
    sessions::{ListedSession, LiveSession},
    types::{Age, AgeUnit},
};

/// One session, shown by the component `session_row`.
#[derive(Clone, Debug, Serialize)]
pub struct SessionRow {
    /// The identifier used in the form that ends it.
    pub id: String,
    pub browser: Option<String>,
    pub system: Option<String>,
    pub address: String,
    pub created: Age,
    pub last_seen: Age,
    /// Whether it is the session of this request.
    pub current: bool,
    pub remembered: bool,
}

/// Converts sessions for display, in the same order.
pub fn session_rows(ctx: &Ctx, live: &LiveSession, listed: &[ListedSession]) -> Vec<SessionRow> {
    let row = |session: &ListedSession| SessionRow {
        id: session.id.to_string(),
        browser: device::browser(&session.user_agent).map(str::to_owned),
        system: device::system(&session.user_agent).map(str::to_owned),
        address: session.address.clone(),
        created: Age::between(session.created_at, ctx.now()),
        last_seen: Age::between(session.last_seen_at, ctx.now()),
        current: session.id == live.id,
        remembered: session.remembered,
    };
    listed.iter().map(row).collect()
}

impl SessionRow {
    /// One session, for page samples.
    pub fn sample(browser: Option<&str>, system: Option<&str>, address: &str, current: bool) -> Self {
        Self {
            id: "0198f2b4-0000-4000-8000-000000000001".into(),
            browser: browser.map(Into::into),
            system: system.map(Into::into),
            address: address.into(),
            created: age(AgeUnit::Hours, 3),
            last_seen: age(AgeUnit::Now, 0),
            current,
            remembered: false,
        }
    }

    /// One of every kind, for page samples.
    pub fn samples() -> Vec<Self> {
        let long = "2001:db8:85a3:8d3:1319:8a2e:370:7348";
        vec![
            Self { remembered: true, ..Self::sample(Some("Chrome"), Some("Windows"), "203.0.113.7", true) },
            Self { last_seen: age(AgeUnit::Minutes, 1), ..Self::sample(Some("Safari"), Some("iOS"), long, false) },
            Self {
                last_seen: age(AgeUnit::Hours, 1),
                created: age(AgeUnit::Days, 1),
                remembered: true,
                ..Self::sample(Some("Firefox"), None, "198.51.100.20", false)
            },
            Self {
                last_seen: age(AgeUnit::Days, 2),
                created: age(AgeUnit::Days, 29),
                ..Self::sample(None, Some("Linux"), "192.0.2.1", false)
            },
            Self { last_seen: age(AgeUnit::Minutes, 42), ..Self::sample(None, None, "192.0.2.44", false) },
        ]
    }
}

fn age(unit: AgeUnit, count: u64) -> Age {
    Age { unit, count, at: "2026-03-01T09:30:00Z".into() }
}
