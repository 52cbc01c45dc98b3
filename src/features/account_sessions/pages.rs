//! Where you are signed in.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{templates::Page, types::Notice, web::SessionRow};

#[derive(Clone, Debug, Serialize)]
pub struct SessionsPage {
    /// The visitor's own session first, then the most lately used.
    pub sessions: Vec<SessionRow>,
    pub notice: Option<Notice>,
}

impl Page for SessionsPage {
    const TEMPLATE: &'static str = "account_sessions/sessions.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let one = vec![SessionRow::sample(Some("Firefox"), Some("macOS"), "203.0.113.7", true)];
        let many = SessionRow::samples();
        let hostile = vec![SessionRow::sample(Some("<svg>{{7*7}}"), Some("\"'"), "203.0.113.7", true)];
        vec![
            ("one", Self { sessions: one.clone(), notice: None }),
            ("five", Self { sessions: many.clone(), notice: None }),
            ("ended", Self { sessions: many, notice: Some(Notice::SessionEnded) }),
            ("others-ended", Self { sessions: one, notice: Some(Notice::OtherSessionsEnded) }),
            ("hostile", Self { sessions: hostile, notice: None }),
        ]
    }
}
