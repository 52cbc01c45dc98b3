//! The pages of leaving and of staying after all.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::templates::Page;

/// What goes, when, and the button.
#[derive(Clone, Debug, Serialize)]
pub struct DeletePage {
    pub username: String,
    pub problem: Option<DeleteProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeleteProblem {
    /// The box was not ticked.
    NotUnderstood,
    /// Without this account nobody would look after the others.
    LastAdmin,
}

/// The page with the button that keeps an account.
#[derive(Clone, Debug, Serialize)]
pub struct KeepPage {
    pub username: String,
    pub link_over: bool,
}

impl Page for DeletePage {
    const TEMPLATE: &'static str = "deletion/delete.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |problem| Self { username: "minji".into(), problem };
        vec![
            ("fresh", with(None)),
            ("not-understood", with(Some(DeleteProblem::NotUnderstood))),
            ("last-admin", with(Some(DeleteProblem::LastAdmin))),
        ]
    }
}

impl Page for KeepPage {
    const TEMPLATE: &'static str = "deletion/keep.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("fresh", Self { username: "minji".into(), link_over: false }),
            ("link-over", Self { username: String::new(), link_over: true }),
        ]
    }
}
