//! The page that forwards to an app.

use serde::Serialize;

use crate::templates::Page;

/// Forwards automatically, with a link for browsers that do not.
#[derive(Clone, Debug, Serialize)]
pub struct ReturnPage {
    /// A local path.
    pub to: String,
}

impl Page for ReturnPage {
    const TEMPLATE: &'static str = "home/return.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let to = |to: &str| Self { to: to.into() };
        vec![("app", to("/oauth/authorize?client=a&state=b")), ("hostile", to(r#"/"><svg onload=alert(1)>{{7*7}}"#))]
    }
}
