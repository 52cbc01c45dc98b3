//! The page that asks, and the one behind it.

#![expect(missing_docs, reason = "the template words what the names say")]

use axum::http::StatusCode;
use serde::Serialize;

use super::model::Onward;
use crate::{templates::Page, web::Refusal};

/// Asks whether to sign out, at an app's request.
#[derive(Clone, Debug, Serialize)]
pub struct AskPage {
    pub onward: Option<Onward>,
}

/// Says that nobody is signed in, and goes back to the app automatically.
#[derive(Clone, Debug, Serialize)]
pub struct LeftPage {
    pub name: Option<String>,
    /// Where the app wants the person.
    pub to: Option<String>,
}

impl LeftPage {
    pub fn of(onward: Option<&Onward>) -> Self {
        Self { name: onward.map(|onward| onward.name.clone()), to: onward.map(Onward::address) }
    }
}

impl Refusal for LeftPage {
    fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
}

fn sample() -> Onward {
    Onward {
        client_id: "wiki".into(),
        name: r#"Wiki"><svg onload=alert(1)>{{7*7}}"#.into(),
        redirect_uri: "https://wiki.example/bye".into(),
        state: r#""><svg onload=alert(1)>{{7*7}}"#.into(),
    }
}

impl Page for AskPage {
    const TEMPLATE: &'static str = "end_session/ask.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![("alone", Self { onward: None }), ("hostile", Self { onward: Some(sample()) })]
    }
}

impl Page for LeftPage {
    const TEMPLATE: &'static str = "end_session/left.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![("alone", Self::of(None)), ("hostile", Self::of(Some(&sample())))]
    }
}
