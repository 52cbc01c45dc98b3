//! The pages of recovery codes.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use super::model::RecoveryCode;
use crate::{
    templates::Page,
    types::{Age, AgeUnit, Notice},
    web::Refusal,
};

/// How many are left, and the button that creates new ones.
#[derive(Clone, Debug, Serialize)]
pub struct KeptPage {
    pub left: u64,
    /// None when there never were any.
    pub created: Option<Age>,
    /// Whether the owner confirmed having saved them.
    pub saved: bool,
    pub notice: Option<Notice>,
}

impl Page for KeptPage {
    const TEMPLATE: &'static str = "recovery_codes/kept.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let created = Some(Age { unit: AgeUnit::Days, count: 41, at: "2026-03-01T09:30:00Z".into() });
        vec![
            ("none", Self { left: 0, created: None, saved: false, notice: None }),
            ("after-a-factor", Self { left: 0, created: None, saved: false, notice: Some(Notice::TotpAdded) }),
            ("ten", Self { left: 10, created: created.clone(), saved: true, notice: None }),
            ("not-saved", Self { left: 10, created: created.clone(), saved: false, notice: None }),
            ("one", Self { left: 1, created: created.clone(), saved: true, notice: None }),
            ("used-up", Self { left: 0, created, saved: true, notice: None }),
        ]
    }
}

/// The codes, shown once.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CodesPage {
    pub username: String,
    pub codes: Vec<String>,
    pub notice: Option<Notice>,
    /// The box was not ticked.
    pub unticked: bool,
}

impl CodesPage {
    pub fn new(username: &str, codes: &[RecoveryCode]) -> Self {
        let codes = codes.iter().map(|code| code.grouped().to_string()).collect();
        Self { username: username.to_owned(), codes, ..Self::default() }
    }
}

impl Refusal for CodesPage {}

impl Page for CodesPage {
    const TEMPLATE: &'static str = "recovery_codes/codes.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let codes = vec!["01AB2-3CDEF-GH45J-KMNPQ-RS6TV".to_owned(); 10];
        let made = Self { username: "minji".into(), codes, ..Self::default() };
        vec![
            ("made", made.clone()),
            ("with-the-first-passkey", Self { notice: Some(Notice::FirstPasskeyAdded), ..made.clone() }),
            ("with-the-first-app", Self { notice: Some(Notice::FirstTotpAdded), ..made.clone() }),
            ("not-ticked", Self { unticked: true, ..made.clone() }),
            ("hostile", Self { username: "<svg>{{7*7}}".into(), ..made }),
        ]
    }
}
