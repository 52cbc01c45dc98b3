//! The page with the button.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{templates::Page, types::Notice};

#[derive(Clone, Debug, Serialize)]
pub struct DataPage {
    pub notice: Option<Notice>,
}

impl Page for DataPage {
    const TEMPLATE: &'static str = "data_export/data.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![("plain", Self { notice: None }), ("told", Self { notice: Some(Notice::EmailChanged) })]
    }
}
