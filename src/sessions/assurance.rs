//! Authentication methods, the factors that can follow the first one, and the assurance they give.
//!
//! Sign-in and reauthentication are a pure state machine ([`next_step`]): facts in, the next factor out.
//!
//! ```text
//! password ──> no second factor, or a browser that its owner trusts ──> signed in (aal1)
//!          └─> pending ──> a factor of the account ──> signed in (aal2)
//! passkey ───────────────────────────────────────────> signed in (aal2)
//! ```
//!
//! A new factor is added to [`Method`], `AMR`, [`Methods::aal`], [`Challenge`] and [`challenges`].

use strum::IntoStaticStr;

use crate::accounts::Factors;

/// Authenticator assurance level (NIST SP 800-63B).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Aal {
    /// One factor.
    One,
    /// Two different factors, or a multi-factor authenticator such as a passkey.
    Two,
}

impl Aal {
    /// The number as stored and as reported to apps.
    pub fn number(self) -> i16 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// An authentication method.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// A password.
    Password,
    /// An emailed link, opened in the browser that created the account.
    MailedLink,
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A recovery code.
    RecoveryCode,
    /// A passkey with WebAuthn user verification.
    Passkey {
        /// Whether the passkey may be synced (backup eligible), so that its key is not bound to one device.
        synced: bool,
    },
}

/// The registered authentication method references of each method (RFC 8176). Sessions store them, and the first one
/// identifies the method.
const AMR: [(Method, &[&str]); 6] = [
    (Method::Password, &["pwd"]),
    // Multiple channels: the browser and the mailbox.
    (Method::MailedLink, &["mca"]),
    // Both are single-use.
    (Method::Totp, &["otp"]),
    (Method::RecoveryCode, &["otp"]),
    (Method::Passkey { synced: true }, &["swk", "user"]),
    (Method::Passkey { synced: false }, &["hwk", "user"]),
];

/// A factor that can follow the password.
#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "kebab-case")]
pub enum Challenge {
    /// A passkey, which is resistant to phishing.
    Passkey,
    /// A code of an authenticator app.
    Totp,
    /// A recovery code.
    RecoveryCode,
}

impl Challenge {
    /// The code in paths, message keys and rate limits.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Decides the next step from the methods used so far and the account's factors: the factor to ask for (or another of
/// [`challenges`]), or `None` if the sign-in is complete.
#[must_use]
pub fn next_step(shown: &Methods, factors: &Factors, trusted_browser: bool) -> Option<Challenge> {
    strongest(factors).filter(|_| shown.aal() < Aal::Two && !trusted_browser)
}

/// The factor to offer first; `None` if the account has no second factor.
pub fn strongest(factors: &Factors) -> Option<Challenge> {
    challenges(factors).first().copied()
}

/// All second factors that can be offered, strongest first. Recovery codes are offered only to accounts with another
/// factor.
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

/// The methods used, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Methods(Vec<Method>);

impl Methods {
    /// Restores the methods from a stored session. A recovery code counts as the factor it replaces.
    pub fn from_amr(names: &[String]) -> Self {
        let known = |name: &String| AMR.iter().find(|(_, names)| names[0] == name).map(|(method, _)| *method);
        Self(names.iter().filter_map(known).collect())
    }

    /// Adds a method.
    #[must_use]
    pub fn with(mut self, method: Method) -> Self {
        if !self.0.contains(&method) {
            self.0.push(method);
        }
        self
    }

    /// Returns whether a method is among them.
    pub fn has(&self, method: Method) -> bool {
        self.0.contains(&method)
    }

    /// The assurance level of all methods combined.
    pub fn aal(&self) -> Aal {
        let shown = |kinds: fn(&Method) -> bool| self.0.iter().any(kinds);
        let passkey = shown(|method| matches!(method, Method::Passkey { .. }));
        let first = shown(|method| matches!(method, Method::Password | Method::MailedLink));
        let second = shown(|method| matches!(method, Method::Totp | Method::RecoveryCode));
        if passkey || (first && second) { Aal::Two } else { Aal::One }
    }

    /// The RFC 8176 names, each once, plus `mfa` for more than one factor.
    pub fn amr(&self) -> Vec<String> {
        let mut names: Vec<&str> = Vec::new();
        let known = |method: &Method| AMR.iter().find(|(other, _)| other == method).map_or(&[][..], |(_, amr)| amr);
        for name in self.0.iter().flat_map(known) {
            if !names.contains(name) {
                names.push(name);
            }
        }
        if self.aal() == Aal::Two {
            names.push("mfa");
        }
        names.into_iter().map(str::to_owned).collect()
    }
}

impl From<&[Method]> for Methods {
    fn from(methods: &[Method]) -> Self {
        methods.iter().fold(Self::default(), |all, method| all.with(*method))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_factors_are_two_different_ones_or_a_passkey() {
        use Method::{MailedLink, Password, RecoveryCode, Totp};
        let passkey = Method::Passkey { synced: true };
        for (methods, aal) in [
            (&[Password][..], Aal::One),
            (&[MailedLink], Aal::One),
            (&[Totp], Aal::One),
            (&[Totp, RecoveryCode], Aal::One),
            (&[MailedLink, Password], Aal::One),
            (&[MailedLink, Totp], Aal::Two),
            (&[Password, Totp], Aal::Two),
            (&[Password, RecoveryCode], Aal::Two),
            (&[passkey], Aal::Two),
            (&[Password, passkey], Aal::Two),
            (&[], Aal::One),
        ] {
            assert_eq!(Methods::from(methods).aal(), aal, "{methods:?}");
            // The names stored in a session keep the level.
            assert_eq!(Methods::from_amr(&Methods::from(methods).amr()).aal(), aal, "{methods:?}");
        }
    }

    #[test]
    fn rfc_8176_every_proof_has_its_registered_name_once() {
        let names = |earlier: &[&str], methods: &[Method]| {
            let earlier: Vec<String> = earlier.iter().map(|name| (*name).to_owned()).collect();
            methods.iter().fold(Methods::from_amr(&earlier), |all, method| all.with(*method)).amr().join(" ")
        };
        assert_eq!(names(&[], &[Method::Password]), "pwd");
        assert_eq!(names(&[], &[Method::Password, Method::Totp]), "pwd otp mfa");
        assert_eq!(names(&["pwd", "otp", "mfa"], &[Method::Totp]), "pwd otp mfa");
        assert_eq!(names(&["pwd"], &[Method::RecoveryCode]), "pwd otp mfa");
        assert_eq!(names(&[], &[Method::Passkey { synced: false }]), "hwk user mfa");
        assert_eq!(names(&["pwd"], &[Method::Passkey { synced: true }]), "pwd swk user mfa");
    }

    fn having(totp: u32, passkeys: u32, recovery_codes: u32) -> Factors {
        Factors { password: true, totp, passkeys, recovery_codes }
    }

    #[test]
    fn asvs_2_3_1_no_step_is_skipped() {
        let (password, totp, code) = (Method::Password, Method::Totp, Method::RecoveryCode);
        let passkey = Method::Passkey { synced: true };
        for (shown, factors, trusted, step) in [
            (&[password][..], having(0, 0, 0), false, None),
            (&[Method::MailedLink], having(0, 0, 0), false, None),
            // Recovery codes alone are no factor, so having some locks nobody out.
            (&[password], having(0, 0, 10), false, None),
            (&[password], having(1, 0, 10), false, Some(Challenge::Totp)),
            (&[password], having(0, 1, 0), false, Some(Challenge::Passkey)),
            (&[password], having(2, 2, 10), false, Some(Challenge::Passkey)),
            (&[Method::MailedLink], having(1, 0, 0), false, Some(Challenge::Totp)),
            (&[totp], having(1, 0, 0), false, Some(Challenge::Totp)),
            (&[totp, code], having(1, 0, 9), false, Some(Challenge::Totp)),
            (&[], having(1, 0, 0), false, Some(Challenge::Totp)),
            (&[password, totp], having(1, 0, 0), false, None),
            (&[password, code], having(1, 0, 9), false, None),
            (&[password, passkey], having(1, 1, 0), false, None),
            (&[passkey], having(1, 1, 0), false, None),
            // A trusted browser is admitted, at the lower level.
            (&[password], having(1, 1, 10), true, None),
            (&[password, totp], having(1, 1, 10), true, None),
        ] {
            assert_eq!(next_step(&shown.into(), &factors, trusted), step, "{shown:?} {factors:?} {trusted}");
        }
    }

    #[test]
    fn every_factor_is_offered_strongest_first() {
        use Challenge::{Passkey, RecoveryCode, Totp};
        assert_eq!(challenges(&having(0, 0, 10)), []);
        assert_eq!(challenges(&having(1, 0, 0)), [Totp]);
        assert_eq!(challenges(&having(1, 2, 3)), [Passkey, Totp, RecoveryCode]);
    }
}
