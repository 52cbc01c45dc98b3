//! The state machine of a sign-in, and of proving again who one is. It asks nobody: facts in, step out.
//!
//! ```text
//! password ──> no second factor, or a browser that its owner trusts ──> signed in (aal1)
//!          └─> pending ──> a factor of the account ──> signed in (aal2)
//! passkey ───────────────────────────────────────────> signed in (aal2)
//! ```

use super::{Aal, Method, amr};
use crate::accounts::Factors;

/// A factor that can be asked for after the password.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Challenge {
    /// A passkey: nothing that can be read off it or typed into a page that is not ours.
    Passkey,
    /// A code of an authenticator app.
    Totp,
    /// One of the codes that were written down.
    RecoveryCode,
}

/// Where a visitor stands after what they have shown.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// They are in.
    Enter(Aal),
    /// They are not, until they show this, or another of [`challenges`].
    Challenge(Challenge),
}

/// What follows from what was shown, for an account with these factors.
pub fn next_step(shown: &[Method], factors: &Factors, trusted_browser: bool) -> Step {
    let aal = Aal::of(&amr(&[], shown));
    match strongest(factors) {
        Some(challenge) if aal < Aal::Two && !trusted_browser => Step::Challenge(challenge),
        _ => Step::Enter(aal),
    }
}

/// The factor to ask for first; none for an account whose password is all it has.
#[must_use]
pub fn strongest(factors: &Factors) -> Option<Challenge> {
    challenges(factors).first().copied()
}

/// Every factor that can be asked for, the strongest first. Recovery codes stand in for a factor: an
/// account without one has no use for them.
#[must_use]
pub fn challenges(factors: &Factors) -> Vec<Challenge> {
    if !factors.has_second() {
        return Vec::new();
    }
    let kinds = [
        (factors.passkeys, Challenge::Passkey),
        (factors.totp, Challenge::Totp),
        (factors.recovery_codes, Challenge::RecoveryCode),
    ];
    kinds.into_iter().filter(|(count, _)| *count > 0).map(|(_, challenge)| challenge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn having(totp: u32, passkeys: u32, recovery_codes: u32) -> Factors {
        Factors { password: true, totp, passkeys, recovery_codes }
    }

    #[test]
    fn asvs_2_3_1_no_step_is_skipped() {
        let (password, totp, code) = (Method::Password, Method::Totp, Method::RecoveryCode);
        let passkey = Method::Passkey { synced: true };
        let (enter_one, enter_two) = (Step::Enter(Aal::One), Step::Enter(Aal::Two));
        let asked = Step::Challenge;
        for (shown, factors, trusted, step) in [
            (&[password][..], having(0, 0, 0), false, enter_one),
            (&[Method::MailedLink], having(0, 0, 0), false, enter_one),
            // Codes alone are no factor: nobody is locked out by having written some down.
            (&[password], having(0, 0, 10), false, enter_one),
            (&[password], having(1, 0, 10), false, asked(Challenge::Totp)),
            (&[password], having(0, 1, 0), false, asked(Challenge::Passkey)),
            (&[password], having(2, 2, 10), false, asked(Challenge::Passkey)),
            (&[Method::MailedLink], having(1, 0, 0), false, asked(Challenge::Totp)),
            (&[totp], having(1, 0, 0), false, asked(Challenge::Totp)),
            (&[totp, code], having(1, 0, 9), false, asked(Challenge::Totp)),
            (&[], having(1, 0, 0), false, asked(Challenge::Totp)),
            (&[password, totp], having(1, 0, 0), false, enter_two),
            (&[password, code], having(1, 0, 9), false, enter_two),
            (&[password, passkey], having(1, 1, 0), false, enter_two),
            (&[passkey], having(1, 1, 0), false, enter_two),
            // A trusted browser is let in, and nothing more is believed of it.
            (&[password], having(1, 1, 10), true, enter_one),
            (&[password, totp], having(1, 1, 10), true, enter_two),
        ] {
            assert_eq!(next_step(shown, &factors, trusted), step, "{shown:?} {factors:?} {trusted}");
        }
    }

    #[test]
    fn every_way_is_offered_the_strongest_first() {
        use Challenge::{Passkey, RecoveryCode, Totp};
        assert_eq!(challenges(&having(0, 0, 10)), []);
        assert_eq!(challenges(&having(1, 0, 0)), [Totp]);
        assert_eq!(challenges(&having(1, 2, 3)), [Passkey, Totp, RecoveryCode]);
    }
}
