//! The consent page, the pages that send a response to the app, and the error pages.

#![expect(missing_docs, reason = "the template words what the names say")]

use axum::http::StatusCode;
use serde::Serialize;

use super::{model::AppAnswer, service::Flow};
use crate::{
    apps::{App, AppKind, address::host},
    sessions::LiveSession,
    templates::Page,
    web::{AppError, Refusal},
};

/// Asks the user for consent.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentPage {
    pub app: String,
    /// The host that the response goes to; `None` for an app on the user's device.
    pub host: Option<String>,
    /// Set for an app with a client ID metadata document.
    pub unchecked: Option<Unchecked>,
    /// Requested scopes.
    pub scopes: Vec<String>,
    /// Resources that it may act on for the user.
    pub resources: Vec<String>,
    pub username: String,
    pub display_name: Option<String>,
    /// Continues the request.
    pub next: String,
}

/// An app with a client ID metadata document, which nobody has checked.
#[derive(Clone, Debug, Serialize)]
pub struct Unchecked {
    /// The host of its document.
    pub host: String,
    /// Whether all its redirect addresses are on the user's device, where any program can pose as it.
    pub only_on_devices: bool,
}

impl Unchecked {
    fn of(app: &App) -> Option<Self> {
        let host_of_document = host(&app.client_id).filter(|_| app.kind == AppKind::Document)?;
        let only_on_devices = app.redirects.iter().all(|uri| host(uri).is_none());
        Some(Self { host: host_of_document, only_on_devices })
    }
}

impl ConsentPage {
    pub(super) fn new(flow: &Flow, live: &LiveSession, next: String) -> Self {
        let (app, request) = (&flow.app, &flow.request);
        Self {
            app: app.name.clone(),
            host: host(&request.target.redirect_uri),
            unchecked: Unchecked::of(app),
            scopes: request.scopes.clone(),
            resources: request.resources.clone(),
            username: live.username.clone(),
            display_name: live.display_name.clone(),
            next,
        }
    }
}

const NEXT: &str = "/oauth/authorize/continue?request=AAAAAAAAAAAAAAAAAAAAAA";
const HOSTILE: &str = r#""><svg onload=alert(1)>{{7*7}}"#;

impl Page for ConsentPage {
    const TEMPLATE: &'static str = "authorize/consent.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let all = ["openid", "profile", "email", "groups", "offline_access"];
        let plain = Self {
            app: "Wiki".into(),
            host: Some("wiki.example.com".into()),
            unchecked: None,
            scopes: texts(&["openid", "profile", "email"]),
            resources: Vec::new(),
            username: "minji".into(),
            display_name: Some("김민지".into()),
            next: NEXT.into(),
        };
        let resources = texts(&["https://api.example.com/files"]);
        let hostile = Self {
            app: HOSTILE.into(),
            display_name: Some(HOSTILE.into()),
            resources: vec![HOSTILE.into()],
            ..plain.clone()
        };
        let unchecked = |only_on_devices| Some(Unchecked { host: "tool.example.com:8443".into(), only_on_devices });
        vec![
            ("usual", plain.clone()),
            ("everything", Self { scopes: texts(&all), resources, ..plain.clone() }),
            ("nothing", Self { scopes: Vec::new(), display_name: None, ..plain.clone() }),
            ("device", Self { host: None, ..plain.clone() }),
            ("unchecked", Self { unchecked: unchecked(false), ..plain.clone() }),
            ("unchecked-device", Self { unchecked: unchecked(true), host: None, ..plain }),
            ("unchecked-hostile", Self { unchecked: unchecked(false), ..hostile.clone() }),
            ("hostile", hostile),
        ]
    }
}

/// Leads on to an app after a form.
#[derive(Clone, Debug, Serialize)]
pub struct LeavePage {
    pub to: String,
}

impl Page for LeavePage {
    const TEMPLATE: &'static str = "authorize/leave.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let to = |to: &str| Self { to: to.into() };
        vec![
            ("app", to("https://app.example/callback?code=vc_0&state=1&iss=https%3A%2F%2Fid.example.com")),
            ("encoded", to("https://app.example/callback?state=%22%3E%3Csvg+onload%3Dalert%281%29%3E{{7*7}}")),
        ]
    }
}

/// Posts a response to an app as a form.
#[derive(Clone, Debug, Serialize)]
pub struct FormPostPage {
    pub to: String,
    pub fields: Vec<(&'static str, String)>,
}

impl FormPostPage {
    pub(super) fn new(answer: &AppAnswer) -> Self {
        Self { to: answer.redirect_uri.clone(), fields: answer.parameters.clone() }
    }
}

impl Page for FormPostPage {
    const TEMPLATE: &'static str = "authorize/form_post.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |state: &str| Self {
            to: "https://app.example/callback".into(),
            fields: vec![("code", "vc_0".into()), ("state", state.into()), ("iss", "https://id.example.com".into())],
        };
        vec![("app", page("1")), ("hostile", page(HOSTILE))]
    }
}

/// The app does not admit the user.
#[derive(Clone, Debug, Serialize)]
pub struct NoAccessPage {
    pub app: String,
    pub username: String,
    /// Continues the request with another account.
    pub next: String,
}

impl NoAccessPage {
    pub(super) fn new(flow: &Flow, live: Option<&LiveSession>, next: &str) -> Self {
        let username = live.map(|live| live.username.clone()).unwrap_or_default();
        Self { app: flow.app.name.clone(), username, next: next.to_owned() }
    }
}

impl Refusal for NoAccessPage {
    fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
}

impl Page for NoAccessPage {
    const TEMPLATE: &'static str = "authorize/no_access.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |app: &str| Self { app: app.into(), username: "minji".into(), next: NEXT.into() };
        vec![("usual", page("Wiki")), ("hostile", page(HOSTILE))]
    }
}

/// A request ends here: its redirect address is unknown, or it was answered or has expired.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StoppedPage {
    pub why: &'static str,
    #[serde(skip)]
    status: StatusCode,
}

impl StoppedPage {
    pub(super) const fn malformed() -> Self {
        Self { why: "malformed", status: StatusCode::BAD_REQUEST }
    }

    pub(super) const fn over() -> Self {
        Self { why: "over", status: StatusCode::GONE }
    }
}

impl StoppedPage {
    /// Returns the problem for JSON clients.
    pub(super) fn problem(self) -> AppError {
        match self.status {
            StatusCode::GONE => AppError::Gone,
            _ => AppError::BadRequest("the app's request is malformed"),
        }
    }
}

impl Refusal for StoppedPage {
    fn status(&self) -> StatusCode {
        self.status
    }
}

impl Page for StoppedPage {
    const TEMPLATE: &'static str = "authorize/stopped.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![("malformed", Self::malformed()), ("over", Self::over())]
    }
}
