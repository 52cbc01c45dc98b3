//! Durations as people say them: how long to wait, how long ago.
//!
//! Promises: a wait is never rounded down (who waits as told is not refused again), and an age is never
//! rounded up.

use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long to wait before trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// What is counted.
    pub unit: WaitUnit,
    /// How many of it.
    pub count: u64,
}

/// What a wait is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitUnit {
    /// Up to a minute.
    Seconds,
    /// Up to an hour and a half.
    Minutes,
    /// Beyond.
    Hours,
}

impl Wait {
    /// The same number that `Retry-After` carries, in the largest unit that still says something exact.
    #[must_use]
    pub fn from_secs(seconds: u64) -> Self {
        let (unit, count) = match seconds {
            0..MINUTE => (WaitUnit::Seconds, seconds.max(1)),
            MINUTE..=5400 => (WaitUnit::Minutes, seconds.div_ceil(MINUTE)),
            _ => (WaitUnit::Hours, seconds.div_ceil(HOUR)),
        };
        Self { unit, count }
    }

    /// The wait in seconds, as `Retry-After` carries it.
    #[must_use]
    pub fn as_secs(self) -> u64 {
        let unit = match self.unit {
            WaitUnit::Seconds => 1,
            WaitUnit::Minutes => MINUTE,
            WaitUnit::Hours => HOUR,
        };
        self.count.saturating_mul(unit)
    }
}

/// How long ago something happened, and when exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Age {
    /// What is counted.
    pub unit: AgeUnit,
    /// How many of it.
    pub count: u64,
    /// RFC 3339, for `<time datetime>`.
    pub at: String,
}

/// What an age is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgeUnit {
    /// Less than a minute.
    Now,
    /// Up to an hour.
    Minutes,
    /// Up to a day.
    Hours,
    /// Beyond.
    Days,
}

impl Age {
    /// The age at `now` of what happened at `then`. Clocks differ: what seems to come is `Now`.
    #[must_use]
    pub fn between(then: OffsetDateTime, now: OffsetDateTime) -> Self {
        let seconds = u64::try_from((now - then).whole_seconds()).unwrap_or(0);
        let (unit, count) = match seconds {
            0..MINUTE => (AgeUnit::Now, 0),
            MINUTE..HOUR => (AgeUnit::Minutes, seconds / MINUTE),
            HOUR..DAY => (AgeUnit::Hours, seconds / HOUR),
            _ => (AgeUnit::Days, seconds / DAY),
        };
        // Only years beyond 9999 have no RFC 3339 form; such a row shows no machine-readable time.
        let at = then.replace_nanosecond(0).unwrap_or(then).format(&Rfc3339).unwrap_or_default();
        Self { unit, count, at }
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    #[test]
    fn a_wait_is_never_shorter_than_it_must_be() {
        let said = |seconds| {
            let Wait { unit, count } = Wait::from_secs(seconds);
            (unit, count)
        };
        assert_eq!(said(0), (WaitUnit::Seconds, 1));
        assert_eq!(said(59), (WaitUnit::Seconds, 59));
        assert_eq!(said(60), (WaitUnit::Minutes, 1));
        assert_eq!(said(61), (WaitUnit::Minutes, 2));
        assert_eq!(said(5400), (WaitUnit::Minutes, 90));
        assert_eq!(said(5401), (WaitUnit::Hours, 2));
        assert_eq!(said(u64::MAX).0, WaitUnit::Hours);
    }

    #[test]
    fn an_age_is_never_older_than_it_is() {
        let now = datetime!(2026-03-01 12:00:00.5 UTC);
        let said = |ago: Duration| {
            let age = Age::between(now - ago, now);
            (age.unit, age.count)
        };
        assert_eq!(said(Duration::seconds(-90)), (AgeUnit::Now, 0));
        assert_eq!(said(Duration::seconds(59)), (AgeUnit::Now, 0));
        assert_eq!(said(Duration::seconds(119)), (AgeUnit::Minutes, 1));
        assert_eq!(said(Duration::minutes(59)), (AgeUnit::Minutes, 59));
        assert_eq!(said(Duration::hours(23)), (AgeUnit::Hours, 23));
        assert_eq!(said(Duration::hours(47)), (AgeUnit::Days, 1));
        assert_eq!(Age::between(now, now).at, "2026-03-01T12:00:00Z");
    }
}
