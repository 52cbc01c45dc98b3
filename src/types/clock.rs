//! The clocks and the random source of the operating system.

use std::time::Instant;

use time::OffsetDateTime;
use uuid::Uuid;

/// The current time in UTC.
///
/// Stored rows (sessions, limits) expire by PostgreSQL's `now()` instead, so that replicas whose clocks differ agree.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system clock")]
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Returns the current time of the monotonic clock, which measures durations and never jumps.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
pub fn instant() -> Instant {
    Instant::now()
}

/// Generates `N` random bytes.
///
/// # Panics
/// If the operating system's random source fails. A service that issues secrets cannot continue then. Supported systems
/// block at boot instead of failing.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the random source")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "no secret may be created without randomness")]
    getrandom::fill(&mut bytes).expect("the operating system's random source answers");
    bytes
}

/// Generates a random UUID (version 4, RFC 9562).
pub fn random_uuid() -> Uuid {
    uuid::Builder::from_random_bytes(random_bytes()).into_uuid()
}
