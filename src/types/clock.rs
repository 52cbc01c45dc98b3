//! Where the service reads the time.

use time::OffsetDateTime;

/// The service's clock, passed in wherever a time is needed so that tests can move it.
///
/// Expiry of stored facts (sessions, limits) is *not* judged by it but by `PostgreSQL`'s `now()`:
/// replicas whose clocks differ must agree.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// The present moment in UTC.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system clock")]
    pub fn now(self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}
