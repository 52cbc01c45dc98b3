//! Times in the documents that users download.

use derive_more::From;
use serde::Serialize;
use time::{OffsetDateTime, serde::rfc3339};

/// A time as RFC 3339, or `null` for something that has not happened.
#[derive(Clone, Copy, Debug, Eq, From, Ord, PartialEq, PartialOrd, Serialize)]
#[from(OffsetDateTime, Option<OffsetDateTime>)]
pub struct ExportedTime(#[serde(with = "rfc3339::option")] Option<OffsetDateTime>);
