//! The page that asks before it signs out.

#![expect(missing_docs, reason = "the template words what the names say")]

use axum::http::StatusCode;
use serde::Serialize;

use crate::{templates::Page, web::Refusal};

#[derive(Clone, Debug, Serialize)]
pub struct LogoutPage {
    pub signed_in: bool,
}

impl Refusal for LogoutPage {
    fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
}

impl Page for LogoutPage {
    const TEMPLATE: &'static str = "logout/logout.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![("signed-in", Self { signed_in: true }), ("anonymous", Self { signed_in: false })]
    }
}
