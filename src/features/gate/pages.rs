//! The pages on the way to a protected host.

#![expect(missing_docs, reason = "the template words what the names say")]

use axum::http::StatusCode;
use serde::Serialize;

use crate::{templates::Page, web::Refusal};

const HOSTILE: &str = r#""><svg onload=alert(1)>{{7*7}}"#;

/// The app does not admit the person.
#[derive(Clone, Debug, Serialize)]
pub struct NoAccessPage {
    pub app: String,
    pub username: String,
}

impl Refusal for NoAccessPage {
    fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
}

impl Page for NoAccessPage {
    const TEMPLATE: &'static str = "gate/no_access.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let of = |app: &str| Self { app: app.into(), username: "minji".into() };
        vec![("member", of("Wiki")), ("hostile", of(HOSTILE))]
    }
}

/// The ticket was refused.
#[derive(Clone, Debug, Serialize)]
pub struct AgainPage {
    pub app: String,
    /// The front page of the host.
    pub host: String,
}

impl Refusal for AgainPage {
    fn status(&self) -> StatusCode {
        StatusCode::GONE
    }
}

impl Page for AgainPage {
    const TEMPLATE: &'static str = "gate/again.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let of = |app: &str| Self { app: app.into(), host: "https://wiki.example.com/".into() };
        vec![("ticket", of("Wiki")), ("hostile", of(HOSTILE))]
    }
}

/// The session on the host was ended.
#[derive(Clone, Debug, Serialize)]
pub struct LeftPage {
    pub app: String,
    pub host: String,
}

impl Page for LeftPage {
    const TEMPLATE: &'static str = "gate/left.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let of = |app: &str| Self { app: app.into(), host: "https://wiki.example.com/".into() };
        vec![("left", of("Wiki")), ("hostile", of(HOSTILE))]
    }
}
