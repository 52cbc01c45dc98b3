//! Session lifetimes.

use std::{ops::RangeInclusive, time::Duration};

use super::Environment;

/// Lifetimes of sessions (OWASP ASVS 7.3, NIST SP 800-63B section 5.2).
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// `VESTIBULE_SESSION_IDLE`: idle timeout of a session that is not remembered.
    pub idle: Duration,
    /// `VESTIBULE_SESSION_MAX`: absolute lifetime of a session that is not remembered.
    pub absolute: Duration,
    /// `VESTIBULE_SESSION_REMEMBERED`: lifetime of a remembered session, also when idle.
    pub remembered: Duration,
}

const HOUR: u64 = 3600;

impl Lifetimes {
    pub(super) fn read(env: &mut Environment) -> Self {
        let mut read = |name, default| {
            env.parsed(name, "a duration from 1m to 400d such as 30m, 12h or 30d", duration).unwrap_or(default)
        };
        Self {
            idle: read("VESTIBULE_SESSION_IDLE", Duration::from_secs(HOUR)),
            absolute: read("VESTIBULE_SESSION_MAX", Duration::from_secs(12 * HOUR)),
            remembered: read("VESTIBULE_SESSION_REMEMBERED", Duration::from_secs(30 * 24 * HOUR)),
        }
    }
}

/// Reads `VESTIBULE_SESSION_CACHE`: the maximum number of cached sessions and of cached tokens, about a kilobyte each.
pub(super) fn cache(env: &mut Environment) -> usize {
    let wanted = "a number of sessions up to 1000000";
    env.parsed("VESTIBULE_SESSION_CACHE", wanted, |text| text.parse().ok().filter(|n| *n <= 1_000_000))
        .unwrap_or(10_000)
}

fn duration(text: &str) -> Option<Duration> {
    duration_within(text, &(Duration::from_secs(60)..=Duration::from_secs(400 * 86_400)))
}

/// Parses a number with a unit, within a range.
pub(super) fn duration_within(text: &str, range: &RangeInclusive<Duration>) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let duration = Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?);
    range.contains(&duration).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("30d"), Some(Duration::from_secs(2_592_000)));
        for wrong in ["", "h", "1", "1w", "-1h", "1.5h", "59s", "401d", "99999999999999999999d", "1é"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
