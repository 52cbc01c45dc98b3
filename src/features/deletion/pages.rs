//! The pages and email of deleting an account and cancelling that.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::{Mail, Page, sample_link, usual_and_hostile},
    types::Moment,
    web::Refusal,
};

/// Says what is deleted and when, with the button.
#[derive(Clone, Debug, Serialize)]
pub struct DeletePage {
    pub username: String,
    /// Whether the account is the last administrator, so that it cannot be deleted.
    pub only_admin: bool,
    pub problem: Option<DeleteProblem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeleteProblem {
    /// The box was not ticked.
    NotUnderstood,
    /// The account is the only enabled administrator.
    LastAdmin,
}

/// The page with the button that keeps an account.
#[derive(Clone, Debug, Serialize)]
pub struct KeepPage {
    pub username: String,
    pub link_expired: bool,
}

/// The account is going to be erased.
#[derive(Clone, Debug, Serialize)]
pub struct DeletionScheduled {
    pub username: String,
    /// When it is erased.
    pub due: Moment,
    pub undo_link: String,
}

/// The account was erased.
#[derive(Clone, Debug, Serialize)]
pub struct Erased {
    pub username: String,
}

impl Refusal for DeletePage {}

impl Refusal for KeepPage {
    fn link_expired(&self) -> bool {
        self.link_expired
    }
}

impl Page for DeletePage {
    const TEMPLATE: &'static str = "deletion/delete.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |problem| Self { username: "minji".into(), only_admin: false, problem };
        vec![
            ("fresh", with(None)),
            ("not-understood", with(Some(DeleteProblem::NotUnderstood))),
            ("only-admin", Self { only_admin: true, ..with(None) }),
            ("last-admin", Self { only_admin: true, ..with(Some(DeleteProblem::LastAdmin)) }),
        ]
    }
}

impl Page for KeepPage {
    const TEMPLATE: &'static str = "deletion/keep.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("fresh", Self { username: "minji".into(), link_expired: false }),
            ("link-expired", Self { username: String::new(), link_expired: true }),
        ]
    }
}

impl Mail for DeletionScheduled {
    const NAME: &'static str = "emails/deletion-scheduled";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self {
            username,
            due: Moment { date: "2026-03-01".into(), time: "09:30".into(), zone: "UTC".into() },
            undo_link: sample_link("/account/keep"),
        })
    }
}

impl Mail for Erased {
    const NAME: &'static str = "emails/erased";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username })
    }
}
