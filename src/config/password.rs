//! Password policy and hashing.

use std::{num::NonZero, thread::available_parallelism};

use vestibule_argon2::Params;

use super::Environment;
use crate::types::PasswordPolicy;

/// Password settings.
#[derive(Clone, Debug)]
pub struct Passwords {
    /// `VESTIBULE_PASSWORD_MIN`.
    pub policy: PasswordPolicy,
    /// `VESTIBULE_ARGON2`: cost of new hashes.
    pub argon2: Params,
    /// `VESTIBULE_HASH_WORKERS`: number of hashing threads.
    pub workers: usize,
    /// `VESTIBULE_HASH_QUEUE`: maximum number of queued hashes.
    pub queue: usize,
}

impl Passwords {
    pub(super) fn read(env: &mut Environment) -> Self {
        let wanted = "PHC parameters of at least m=19456,t=2 or m=47104,t=1, such as m=19456,t=2,p=1";
        Self {
            policy: PasswordPolicy { min: env.number("VESTIBULE_PASSWORD_MIN", 8..=64).unwrap_or(12) },
            argon2: env.parsed("VESTIBULE_ARGON2", wanted, argon2).unwrap_or_else(floor),
            workers: env
                .number("VESTIBULE_HASH_WORKERS", 1..=256)
                .unwrap_or_else(|| available_parallelism().map_or(1, NonZero::get)),
            queue: env.number("VESTIBULE_HASH_QUEUE", 0..=10_000).unwrap_or(64),
        }
    }
}

/// The minimum of the OWASP Password Storage Cheat Sheet.
fn floor() -> Params {
    #[expect(clippy::expect_used, reason = "constants within the bounds")]
    Params::new(19_456, 2, 1).expect("the floor is within the bounds")
}

/// Parses `m=…,t=…,p=…`; rejects costs below OWASP ASVS 11.4.2.
fn argon2(text: &str) -> Option<Params> {
    let mut numbers = text.split(',').zip(["m=", "t=", "p="]).map(|(part, name)| part.strip_prefix(name)?.parse().ok());
    let (m, t, p) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let strong = (m >= 19_456 && t >= 2) || m >= 47_104;
    (strong && text.split(',').count() == 3).then(|| Params::new(m, t, p).ok()).flatten()
}
