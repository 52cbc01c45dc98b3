//! How long everything about letters takes.

use std::time::Duration;

use crate::{mail::Timeouts, types::Entropy};

/// How long everything takes; a parameter, so that a test need not wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often it looks for letters that nobody announced.
    pub look: Duration,
    /// For how long a letter is held: longer than sending one can take.
    pub lease: Duration,
    /// When a letter is tried again for the first time; each further time takes twice as long.
    pub first_retry: Duration,
    /// The longest such time.
    pub longest_retry: Duration,
    /// How long a server in trouble is left alone at first.
    pub first_pause: Duration,
    /// How long at most.
    pub longest_pause: Duration,
    /// How long letters that are being sent may take when the service stops.
    pub finish: Duration,
    /// How long a mail server may take.
    pub server: Timeouts,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
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

/// `first`, then twice as long each time, up to `longest`.
pub(super) fn growing(first: Duration, times: u32, longest: Duration) -> Duration {
    let factor = 2_u32.checked_pow(times.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(longest)
}

/// A quarter more or less, so that what failed together does not come again together.
pub(super) fn around(duration: Duration, entropy: Entropy) -> Duration {
    let [chance] = entropy.bytes::<1>();
    duration.mul_f64(0.75 + f64::from(chance) / 512.0)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{NOTE_TRIES, TURN_WITHIN},
        *,
    };

    #[test]
    fn a_retry_takes_twice_as_long_each_time_up_to_an_hour() {
        let patience = Patience::default();
        let after = |times| growing(patience.first_retry, times, patience.longest_retry).as_secs();
        assert_eq!([1, 2, 3, 4, 10, 11, 1000, u32::MAX].map(after), [5, 10, 20, 40, 2560, 3600, 3600, 3600]);
        for _ in 0..100 {
            let some = around(Duration::from_secs(4), Entropy);
            assert!((Duration::from_secs(3)..=Duration::from_secs(5)).contains(&some), "{some:?}");
        }
    }

    #[test]
    fn a_lease_outlasts_whatever_sending_takes() {
        let patience = Patience::default();
        // A connection to the database within 3 s, then five statements of 5 s at most.
        let (wording, noting) = (Duration::from_secs(28), Duration::from_secs(u64::from(NOTE_TRIES)));
        assert!(2 * TURN_WITHIN + wording + patience.server.whole + noting < patience.lease);
    }
}
