//! What happened in your account.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    audit::{Actor, Event, KEPT_FOR_DAYS, Listed, PasswordPrompt},
    sessions::LiveSession,
    templates::Page,
    types::{Age, AgeUnit, UserId},
    web::{Ctx, device},
};

#[derive(Clone, Debug, Serialize)]
pub struct ActivityPage {
    /// The newest first.
    pub rows: Vec<ActivityRow>,
    /// The cursor of the next page, if there is one.
    pub older: Option<i64>,
    /// Whether there are newer ones on a page before.
    pub newest: bool,
    pub kept_days: i32,
}

#[derive(Clone, Debug, Serialize)]
pub struct ActivityRow {
    /// The rest of the message's name.
    pub what: &'static str,
    pub count: u64,
    /// The group that it is about.
    pub group: Option<String>,
    pub when: Age,
    /// Who did it, unless it was someone in a browser.
    pub by: Option<&'static str>,
    pub browser: Option<String>,
    pub system: Option<String>,
    pub address: Option<String>,
    /// Whether it happened in the user's session.
    pub current: bool,
}

pub(super) fn row(ctx: &Ctx, me: &LiveSession, listed: &Listed) -> ActivityRow {
    let user_agent = listed.user_agent.as_deref().unwrap_or_default();
    let (what, count) = message(listed.event.as_ref());
    ActivityRow {
        what,
        count,
        group: listed.event.as_ref().and_then(group),
        when: Age::between(listed.at, ctx.now()),
        by: doer(listed.actor),
        browser: device::browser(user_agent).map(str::to_owned),
        system: device::system(user_agent).map(str::to_owned),
        address: listed.address.clone(),
        current: listed.session_id == Some(me.id),
    }
}

/// The message for an event, and its number.
fn message(event: Option<&Event>) -> (&'static str, u64) {
    let Some(event) = event else { return ("unknown", 0) };
    match event {
        Event::OtherSessionsEnded { count } | Event::AllSessionsEnded { count } => (event.into(), *count),
        Event::RoleChanged { role } => (if role == "admin" { "made-admin" } else { "made-member" }, 0),
        Event::FactorAdded { factor } => (if factor == "passkey" { "passkey-added" } else { "totp-added" }, 0),
        Event::FactorRemoved { factor } => (if factor == "passkey" { "passkey-removed" } else { "totp-removed" }, 0),
        _ => (event.into(), 0),
    }
}

/// The group that an event is about.
fn group(event: &Event) -> Option<String> {
    match event {
        Event::GroupCreated { group }
        | Event::GroupRemoved { group }
        | Event::AddedToGroup { group }
        | Event::RemovedFromGroup { group } => Some(group.clone()),
        _ => None,
    }
}

fn doer(actor: Actor) -> Option<&'static str> {
    match actor {
        Actor::Visitor => None,
        Actor::Administrator(_) => Some("administrator"),
        Actor::Cli => Some("operator"),
        Actor::System => Some("service"),
    }
}

impl Page for ActivityPage {
    const TEMPLATE: &'static str = "activity/activity.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |rows| Self { rows, older: None, newest: false, kept_days: KEPT_FOR_DAYS };
        let row = |event: &Event, actor| sample(Some(event), actor);
        let every = one_of_each().iter().map(|event| sample(event.as_ref(), Actor::Visitor)).collect();
        let failed = || row(&FAILED, Actor::Visitor);
        let few = vec![
            ActivityRow { current: true, ..row(&signed_in(), Actor::Visitor) },
            row(&Event::Disabled, Actor::Cli),
            row(&Event::Disabled, Actor::Administrator(UserId(uuid::Uuid::nil()))),
            row(&Event::Erased, Actor::System),
            ActivityRow { browser: None, system: None, ..failed() },
            ActivityRow { address: None, ..failed() },
        ];
        let markup = Some(r#""><svg onload=alert(1)>{{7*7}}"#.to_owned());
        let hostile = ActivityRow { browser: markup.clone(), address: markup, ..failed() };
        vec![
            ("empty", page(Vec::new())),
            ("few", page(few)),
            ("every-event", Self { older: Some(17), newest: true, ..page(every) }),
            ("hostile", page(vec![hostile])),
        ]
    }
}

const FAILED: Event = Event::sign_in_failed(false);

fn signed_in() -> Event {
    Event::SignedIn { amr: vec!["pwd".into()] }
}

fn one_of_each() -> Vec<Option<Event>> {
    let role = |role: &str| Event::RoleChanged { role: role.into() };
    let ended = crate::types::SessionId(uuid::Uuid::nil());
    let known = [
        Event::SignedUp,
        Event::EmailVerified,
        Event::EmailCorrected,
        signed_in(),
        FAILED,
        Event::PasswordMistyped { at: PasswordPrompt::Reauth },
        Event::PasskeyCopied,
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
        Event::EmailUndoClosed,
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
        Event::RefreshReused { client_id: "wiki".into() },
        Event::CodeReused { client_id: "wiki".into() },
        Event::GateTicketRefused { reason: "used".into() },
    ];
    known
        .into_iter()
        .chain(of_factors())
        .chain(of_groups())
        .chain(of_apps())
        .chain(of_signing_keys())
        .chain(of_the_log_itself())
        .map(Some)
        .chain([None])
        .collect()
}

fn of_factors() -> Vec<Event> {
    vec![
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
        Event::AppAuthorized { client_id: "wiki".into() },
        Event::ConsentWithdrawn { client_id: "wiki".into() },
        Event::FactorsReset,
        Event::FactorsUndone,
    ]
}

fn of_groups() -> [Event; 4] {
    let group = || "team:eu-west_1".to_owned();
    [
        Event::GroupCreated { group: group() },
        Event::GroupRemoved { group: group() },
        Event::AddedToGroup { group: group() },
        Event::RemovedFromGroup { group: group() },
    ]
}

fn of_apps() -> [Event; 7] {
    let client_id = String::new;
    [
        Event::AppAdded { client_id: client_id() },
        Event::AppChanged { client_id: client_id() },
        Event::AppRemoved { client_id: client_id() },
        Event::AppDisabled { client_id: client_id() },
        Event::AppEnabled { client_id: client_id() },
        Event::AppSecretIssued { client_id: client_id() },
        Event::AppSecretRevoked { client_id: client_id() },
    ]
}

fn of_signing_keys() -> [Event; 3] {
    let (kid, alg) = (String::new, String::new);
    [
        Event::SigningKeyCreated { kid: kid(), alg: alg() },
        Event::SigningKeyRotated { kid: kid(), alg: alg() },
        Event::SigningKeyRetired { kid: kid(), alg: alg() },
    ]
}

fn of_the_log_itself() -> [Event; 3] {
    let (hash, keys, key) = (String::new(), Vec::new(), String::new());
    [
        Event::AuditPruned { through_position: 1, hash, removed: 1, unchecked: 0, keys },
        Event::AuditKeyAdded { key: key.clone(), earlier: Vec::new() },
        Event::AuditKeyForgotten { key, events: 1, ages: Vec::new() },
    ]
}

fn sample(event: Option<&Event>, actor: Actor) -> ActivityRow {
    let (what, count) = message(event);
    ActivityRow {
        what,
        count,
        group: event.and_then(group),
        when: Age { unit: AgeUnit::Hours, count: 3, at: "2026-03-01T09:30:00Z".into() },
        by: doer(actor),
        browser: Some("Firefox".into()),
        system: Some("macOS".into()),
        address: Some("203.0.113.7".into()),
        current: false,
    }
}
