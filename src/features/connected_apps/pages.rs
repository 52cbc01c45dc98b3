//! The page of connected apps.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    apps::{address::host, consents::ConnectedApp},
    templates::Page,
    types::{Age, AgeUnit, Notice},
};

#[derive(Clone, Debug, Serialize)]
pub struct AppsPage {
    /// Most recently used first.
    pub apps: Vec<AppRow>,
    pub notice: Option<Notice>,
}

/// A connected app.
#[derive(Clone, Debug, Serialize)]
pub struct AppRow {
    /// Identifies the app in the form that removes it.
    pub id: String,
    pub name: String,
    /// The host of its document, if it has one.
    pub unchecked: Option<String>,
    pub scopes: Vec<String>,
    pub resources: Vec<String>,
    /// `None` for a trusted app.
    pub given: Option<Age>,
    pub used: Age,
}

impl AppRow {
    pub(super) fn new(app: ConnectedApp, now: OffsetDateTime) -> Self {
        Self {
            id: app.id.to_string(),
            // Only an app with a document has an address as client id.
            unchecked: host(&app.client_id),
            name: app.name,
            scopes: app.scopes,
            resources: app.resources,
            given: app.given_at.map(|given| Age::between(given, now)),
            used: Age::between(app.last_used_at, now),
        }
    }
}

impl Page for AppsPage {
    const TEMPLATE: &'static str = "connected_apps/apps.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let age = |count| Age { unit: AgeUnit::Days, count, at: "2026-03-01T09:30:00Z".into() };
        let app = |name: &str, scopes: &[&str], resources: &[&str]| AppRow {
            id: "0198f2b4-0000-4000-8000-000000000001".into(),
            name: name.into(),
            unchecked: None,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            resources: resources.iter().map(|resource| (*resource).to_owned()).collect(),
            given: Some(age(40)),
            used: age(2),
        };
        let hostile = r#""><svg onload=alert(1)>{{7*7}}"#;
        let wiki = app("Wiki", &["openid", "profile", "email"], &[]);
        let all = ["openid", "profile", "email", "groups", "offline_access"];
        let tool = AppRow { unchecked: Some("tool.example.com".into()), ..app("Tool", &["openid"], &[]) };
        let few =
            vec![wiki.clone(), tool, app("Files", &all, &["https://api.example.com/files"]), app("Status", &[], &[])];
        let trusted = AppRow { given: None, ..app("Intranet", &["openid", "groups"], &[]) };
        vec![
            ("empty", Self { apps: Vec::new(), notice: None }),
            ("few", Self { apps: few, notice: None }),
            ("trusted", Self { apps: vec![trusted], notice: None }),
            ("signed out", Self { apps: Vec::new(), notice: Some(Notice::AppSignedOut) }),
            ("removed", Self { apps: vec![wiki], notice: Some(Notice::AppRemoved) }),
            ("hostile", Self { apps: vec![app(hostile, &["openid"], &[hostile])], notice: None }),
        ]
    }
}
