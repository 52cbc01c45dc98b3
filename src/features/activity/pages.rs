//! What happened in one's own account.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    audit::{Actor, Event, KEPT_FOR_DAYS},
    templates::Page,
    types::{Age, AgeUnit},
};

#[derive(Clone, Debug, Serialize)]
pub struct ActivityPage {
    /// The newest first.
    pub rows: Vec<ActivityRow>,
    /// Where older ones begin, when there are any.
    pub older: Option<i64>,
    /// Whether newer ones are on pages before.
    pub newest: bool,
    pub kept_days: i32,
}

#[derive(Clone, Debug, Serialize)]
pub struct ActivityRow {
    /// The rest of the message's name.
    pub what: &'static str,
    pub count: u64,
    pub when: Age,
    /// Who did it, when it was nobody at a browser.
    pub by: Option<&'static str>,
    pub browser: Option<String>,
    pub system: Option<String>,
    pub address: Option<String>,
    /// Of the session that is looking.
    pub current: bool,
}

/// The message for an event, and its number.
pub(super) fn words(event: Option<&Event>) -> (&'static str, u64) {
    let Some(event) = event else { return ("unknown", 0) };
    let what = match event {
        Event::SignedUp => "signed-up",
        Event::EmailVerified => "email-verified",
        Event::SignedIn { .. } => "signed-in",
        Event::SignInFailed => "sign-in-failed",
        Event::SignedOut => "signed-out",
        Event::Reauthenticated => "reauthenticated",
        Event::PasswordChanged => "password-changed",
        Event::PasswordReset => "password-reset",
        Event::RecoveryStarted => "recovery-started",
        Event::RecoveryMailed => "recovery-mailed",
        Event::ProfileChanged => "profile-changed",
        Event::EmailChangeMailed => "email-change-mailed",
        Event::EmailChanged => "email-changed",
        Event::EmailChangeUndone => "email-change-undone",
        Event::SessionEnded { .. } => "session-ended",
        Event::OtherSessionsEnded { count } => return ("other-sessions-ended", *count),
        Event::AllSessionsEnded { count } => return ("all-sessions-ended", *count),
        Event::DataDownloaded => "data-downloaded",
        Event::DeletionScheduled => "deletion-scheduled",
        Event::DeletionUndone => "deletion-undone",
        Event::Erased => "erased",
        Event::Disabled => "disabled",
        Event::Enabled => "enabled",
        Event::RoleChanged { role } if role == "admin" => "made-admin",
        Event::RoleChanged { .. } => "made-member",
        Event::SetupLinkIssued => "setup-link-issued",
        Event::SignUpRepeated => "sign-up-repeated",
        Event::FactorAdded { factor } if factor == "passkey" => "passkey-added",
        Event::FactorAdded { .. } => "totp-added",
        Event::FactorRemoved { factor } if factor == "passkey" => "passkey-removed",
        Event::FactorRemoved { .. } => "totp-removed",
        Event::FactorAsked => "factor-asked",
        Event::FactorFailed { .. } => "factor-failed",
        Event::RecoveryCodesMade => "recovery-codes-made",
        Event::RecoveryCodeUsed => "recovery-code-used",
        Event::PasswordRemoved => "password-removed",
        Event::BrowserTrusted => "browser-trusted",
        Event::BrowserForgotten => "browser-forgotten",
        Event::FactorsReset => "factors-reset",
        Event::FactorsUndone => "factors-undone",
        Event::AuditPruned { .. } => "audit-pruned",
    };
    (what, 0)
}

pub(super) fn doer(actor: Actor) -> Option<&'static str> {
    match actor {
        Actor::Visitor => None,
        Actor::Operator => Some("operator"),
        Actor::Service => Some("service"),
    }
}

impl Page for ActivityPage {
    const TEMPLATE: &'static str = "activity/activity.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |rows| Self { rows, older: None, newest: false, kept_days: KEPT_FOR_DAYS };
        let every = one_of_each().iter().map(|event| row(event.as_ref(), Actor::Visitor)).collect();
        let failed = Some(Event::SignInFailed);
        let few = vec![
            ActivityRow { current: true, ..row(Some(&signed_in()), Actor::Visitor) },
            row(Some(&Event::Disabled), Actor::Operator),
            row(Some(&Event::Erased), Actor::Service),
            ActivityRow { browser: None, system: None, ..row(failed.as_ref(), Actor::Visitor) },
            ActivityRow { address: None, ..row(failed.as_ref(), Actor::Visitor) },
        ];
        let markup = Some(r#""><svg onload=alert(1)>{{7*7}}"#.to_owned());
        let hostile = ActivityRow { browser: markup.clone(), address: markup, ..row(failed.as_ref(), Actor::Visitor) };
        vec![
            ("empty", page(Vec::new())),
            ("few", page(few)),
            ("every-event", Self { older: Some(17), newest: true, ..page(every) }),
            ("hostile", page(vec![hostile])),
        ]
    }
}

fn signed_in() -> Event {
    Event::SignedIn { amr: vec!["pwd".into()] }
}

fn one_of_each() -> Vec<Option<Event>> {
    let role = |role: &str| Event::RoleChanged { role: role.into() };
    let ended = crate::types::SessionId(uuid::Uuid::nil());
    let pruned = Event::AuditPruned { through_position: 1, hash: String::new(), removed: 1, unchecked: 0 };
    let known = [
        Event::SignedUp,
        Event::EmailVerified,
        signed_in(),
        Event::SignInFailed,
        Event::SignedOut,
        Event::Reauthenticated,
        Event::PasswordChanged,
        Event::PasswordReset,
        Event::RecoveryStarted,
        Event::RecoveryMailed,
        Event::ProfileChanged,
        Event::EmailChangeMailed,
        Event::EmailChanged,
        Event::EmailChangeUndone,
        Event::SessionEnded { ended },
        Event::OtherSessionsEnded { count: 1 },
        Event::AllSessionsEnded { count: 2 },
        Event::DataDownloaded,
        Event::DeletionScheduled,
        Event::DeletionUndone,
        Event::Erased,
        Event::Disabled,
        Event::Enabled,
        role("admin"),
        role("member"),
        Event::SetupLinkIssued,
        Event::SignUpRepeated,
        Event::FactorAdded { factor: "totp".into() },
        Event::FactorAdded { factor: "passkey".into() },
        Event::FactorRemoved { factor: "totp".into() },
        Event::FactorRemoved { factor: "passkey".into() },
        Event::FactorAsked,
        Event::FactorFailed { factor: "totp".into() },
        Event::RecoveryCodesMade,
        Event::RecoveryCodeUsed,
        Event::PasswordRemoved,
        Event::BrowserTrusted,
        Event::BrowserForgotten,
        Event::FactorsReset,
        Event::FactorsUndone,
        pruned,
    ];
    known.into_iter().map(Some).chain([None]).collect()
}

fn row(event: Option<&Event>, actor: Actor) -> ActivityRow {
    let (what, count) = words(event);
    ActivityRow {
        what,
        count,
        when: Age { unit: AgeUnit::Hours, count: 3, at: "2026-03-01T09:30:00Z".into() },
        by: doer(actor),
        browser: Some("Firefox".into()),
        system: Some("macOS".into()),
        address: Some("203.0.113.7".into()),
        current: false,
    }
}
