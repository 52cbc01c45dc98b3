//! Where the service gets its randomness.

use uuid::Uuid;

/// The operating system's cryptographically secure random source (NIST SP 800-90A class).
#[derive(Clone, Copy, Debug, Default)]
pub struct Entropy;

impl Entropy {
    /// `N` fresh random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give. A service that issues secrets cannot
    /// go on then, and every supported system blocks at boot instead of failing.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the random source")]
    pub fn bytes<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        #[expect(clippy::expect_used, reason = "no secret may be made without randomness")]
        getrandom::fill(&mut bytes).expect("the operating system's random source answers");
        bytes
    }

    /// A fresh random UUID (version 4, RFC 9562).
    #[must_use]
    pub fn uuid(self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }
}
