//! The page with the button.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{templates::Page, types::Notice};

#[derive(Clone, Debug, Serialize)]
pub struct DataPage {
    /// How many events the document holds at most.
    pub events_max: usize,
    pub notice: Option<Notice>,
}

impl Page for DataPage {
    const TEMPLATE: &'static str = "data_export/data.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self { events_max: 10_000, notice: None };
        vec![("told", Self { notice: Some(Notice::EmailChanged), ..plain.clone() }), ("plain", plain)]
    }
}
