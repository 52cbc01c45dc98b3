//! Durations for people: how long to wait, how long ago; and why to wait.
//!
//! A wait is never rounded down, so that a retry after it is not refused again; an age is never rounded up.

use std::time::Duration;

use serde::Serialize;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long to wait before trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// The unit.
    pub unit: WaitUnit,
    /// The number of units.
    pub count: u64,
}

/// The unit of a wait.
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
    /// Rounds the `Retry-After` seconds up to the largest unit that is still precise.
    pub fn from_secs(seconds: u64) -> Self {
        let (unit, count) = match seconds {
            0..MINUTE => (WaitUnit::Seconds, seconds.max(1)),
            MINUTE..=5400 => (WaitUnit::Minutes, seconds.div_ceil(MINUTE)),
            _ => (WaitUnit::Hours, seconds.div_ceil(HOUR)),
        };
        Self { unit, count }
    }

    /// The wait in seconds, as in `Retry-After`.
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
    /// The unit.
    pub unit: AgeUnit,
    /// The number of units.
    pub count: u64,
    /// RFC 3339, for `<time datetime>`.
    pub at: String,
}

/// The unit of an age.
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
    /// The age of `then` at `now`. A time in the future counts as `Now`, because clocks differ.
    pub fn between(then: OffsetDateTime, now: OffsetDateTime) -> Self {
        let seconds = u64::try_from((now - then).whole_seconds()).unwrap_or(0);
        let (unit, count) = match seconds {
            0..MINUTE => (AgeUnit::Now, 0),
            MINUTE..HOUR => (AgeUnit::Minutes, seconds / MINUTE),
            HOUR..DAY => (AgeUnit::Hours, seconds / HOUR),
            _ => (AgeUnit::Days, seconds / DAY),
        };
        // Only years beyond 9999 have no RFC 3339 form; such a row gets no machine-readable time.
        let at = then.replace_nanosecond(0).unwrap_or(then).format(&Rfc3339).unwrap_or_default();
        Self { unit, count, at }
    }
}

/// A moment to the minute, with its time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// `2026-12-01`; the template words it.
    pub date: String,
    /// `00:23`
    pub time: String,
    /// `UTC`, `UTC+9` or `UTC-3:30`
    pub zone: String,
}

impl Moment {
    /// A moment as people in this zone read it.
    pub fn in_zone(at: OffsetDateTime, zone: UtcOffset) -> Self {
        // Only at the very ends of the calendar there is no such time.
        let local = at.checked_to_offset(zone).unwrap_or(at);
        let (hours, minutes, _) = local.offset().as_hms();
        let sign = if local.offset().is_negative() { '-' } else { '+' };
        let zone = match (hours.unsigned_abs(), minutes.unsigned_abs()) {
            (0, 0) => "UTC".to_owned(),
            (hours, 0) => format!("UTC{sign}{hours}"),
            (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
        };
        Self { date: local.date().to_string(), time: format!("{:02}:{:02}", local.hour(), local.minute()), zone }
    }
}

/// The action was not attempted: rate limit or overload.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Throttled {
    /// Rate limit exceeded (429).
    SlowDown {
        /// Time until the next attempt.
        wait: Wait,
    },
    /// Overloaded (503).
    Busy {
        /// Time until the next attempt.
        wait: Wait,
    },
}

impl Throttled {
    /// Rate limit exceeded; the wait is rounded up to whole seconds.
    pub fn slow_down(retry_after: Duration) -> Self {
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        Self::SlowDown { wait: Wait::from_secs(seconds.max(1)) }
    }

    /// Overloaded.
    pub fn busy(seconds: u64) -> Self {
        Self::Busy { wait: Wait::from_secs(seconds) }
    }

    /// Time until the next attempt.
    pub fn wait(self) -> Wait {
        match self {
            Self::SlowDown { wait } | Self::Busy { wait } => wait,
        }
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
    fn a_moment_is_told_in_its_zone_by_the_day_of_that_zone() {
        let at = datetime!(2026-11-30 15:23:59 UTC);
        for (zone, date, time, named) in [
            (UtcOffset::UTC, "2026-11-30", "15:23", "UTC"),
            (time::macros::offset!(+9), "2026-12-01", "00:23", "UTC+9"),
            (time::macros::offset!(+5:45), "2026-11-30", "21:08", "UTC+5:45"),
            (time::macros::offset!(-3:30), "2026-11-30", "11:53", "UTC-3:30"),
        ] {
            let moment = Moment::in_zone(at, zone);
            assert_eq!((moment.date.as_str(), moment.time.as_str(), moment.zone.as_str()), (date, time, named));
        }
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
