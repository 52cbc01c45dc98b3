//! The status of refused forms.

use axum::http::StatusCode;

use crate::types::Throttled;

/// A page that can show why a form was refused.
pub trait Refusal {
    /// The throttling result, if the form was throttled.
    fn throttled(&self) -> Option<Throttled> {
        None
    }

    /// Whether the page is about a mailed link that does not work.
    fn link_expired(&self) -> bool {
        false
    }

    /// The response status; 422 unless a more specific one applies.
    fn status(&self) -> StatusCode {
        match self.throttled() {
            _ if self.link_expired() => StatusCode::GONE,
            Some(Throttled::SlowDown { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Some(Throttled::Busy { .. }) => StatusCode::SERVICE_UNAVAILABLE,
            None => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}
