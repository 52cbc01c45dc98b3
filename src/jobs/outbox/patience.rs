//! The mail job's timing.

use std::time::Duration;

use crate::{mail::Timeouts, types::random_bytes};

/// The mail job's timing; a parameter, so that tests need not wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Poll interval of the outbox, for emails whose wake-up was missed.
    pub look: Duration,
    /// How much earlier than its random time a requested email is sent. Must be zero in production: otherwise the
    /// timing reveals who has an account.
    pub earlier: Duration,
    /// How long an email is claimed: longer than a delivery can take.
    pub lease: Duration,
    /// Delay before the first retry of an email; doubles with each further retry.
    pub first_retry: Duration,
    /// The longest retry delay.
    pub longest_retry: Duration,
    /// How long sending pauses when the mail server starts to fail.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long shutdown waits for emails that are being sent.
    pub finish: Duration,
    /// The mail server's timeouts.
    pub server: Timeouts,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            earlier: Duration::ZERO,
            lease: Duration::from_secs(150),
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_secs(3600),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            finish: Duration::from_secs(5),
            server: Timeouts::default(),
        }
    }
}

/// Returns `first`, doubled each further time, up to `longest`.
pub(in crate::jobs) fn growing(first: Duration, times: u32, longest: Duration) -> Duration {
    let factor = 2_u32.checked_pow(times.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(longest)
}

/// Adds jitter of up to a quarter, so that what failed together is not retried together.
pub(in crate::jobs) fn around(duration: Duration) -> Duration {
    let [chance] = random_bytes::<1>();
    duration.mul_f64(0.75 + f64::from(chance) / 512.0)
}

#[cfg(test)]
mod tests {
    use super::{
        super::delivery::{SETTLE_TRIES, SLOT_WITHIN},
        *,
    };

    #[test]
    fn a_retry_takes_twice_as_long_each_time_up_to_an_hour() {
        let patience = Patience::default();
        let after = |times| growing(patience.first_retry, times, patience.longest_retry).as_secs();
        assert_eq!([1, 2, 3, 4, 10, 11, 1000, u32::MAX].map(after), [5, 10, 20, 40, 2560, 3600, 3600, 3600]);
        for _ in 0..100 {
            let some = around(Duration::from_secs(4));
            assert!((Duration::from_secs(3)..=Duration::from_secs(5)).contains(&some), "{some:?}");
        }
    }

    #[test]
    fn a_lease_outlasts_a_delivery() {
        let patience = Patience::default();
        // A connection to the database within 3 s, then five statements of 5 s at most.
        let (rendering, settling) = (Duration::from_secs(28), Duration::from_secs(u64::from(SETTLE_TRIES)));
        assert!(2 * SLOT_WITHIN + rendering + patience.server.whole + settling < patience.lease);
    }
}
