//! The pages of recovery codes.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use super::model::RecoveryCode;
use crate::{
    templates::Page,
    types::{Age, AgeUnit, Notice},
};

/// How many are left, and the button that creates new ones.
#[derive(Clone, Debug, Serialize)]
pub struct KeptPage {
    pub left: u64,
    /// None when there never were any.
    pub created: Option<Age>,
    pub notice: Option<Notice>,
}

impl Page for KeptPage {
    const TEMPLATE: &'static str = "recovery_codes/kept.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let created = Some(Age { unit: AgeUnit::Days, count: 41, at: "2026-03-01T09:30:00Z".into() });
        vec![
            ("none", Self { left: 0, created: None, notice: None }),
            ("after-the-first-factor", Self { left: 0, created: None, notice: Some(Notice::TotpAdded) }),
            ("ten", Self { left: 10, created: created.clone(), notice: None }),
            ("one", Self { left: 1, created: created.clone(), notice: None }),
            ("used-up", Self { left: 0, created, notice: None }),
        ]
    }
}

/// The codes, shown once.
#[derive(Clone, Debug, Serialize)]
pub struct CodesPage {
    pub username: String,
    pub codes: Vec<String>,
}

impl CodesPage {
    pub fn new(username: &str, codes: &[RecoveryCode]) -> Self {
        let codes = codes.iter().map(|code| code.grouped().to_string()).collect();
        Self { username: username.to_owned(), codes }
    }
}

impl Page for CodesPage {
    const TEMPLATE: &'static str = "recovery_codes/codes.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let codes = vec!["01AB2-3CDEF-GH45J-KMNPQ-RS6TV".to_owned(); 10];
        vec![
            ("made", Self { username: "minji".into(), codes: codes.clone() }),
            ("hostile", Self { username: "<svg>{{7*7}}".into(), codes }),
        ]
    }
}
