//! How sure we are that a visitor is who they say.

/// Authenticator assurance level of NIST SP 800-63B.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Aal {
    /// One factor.
    One,
    /// Two different factors, or one that holds both, as a passkey does.
    Two,
}

impl Aal {
    /// As stored and as told to apps.
    #[must_use]
    pub fn number(self) -> i16 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// What proofs of these names ([`amr`]) together amount to.
    #[must_use]
    pub fn of(amr: &[String]) -> Self {
        let shown = |names: [&str; 2]| amr.iter().any(|name| names.contains(&name.as_str()));
        let passkey = shown(["hwk", "swk"]);
        let first_and_second = shown(["pwd", "mca"]) && shown(["otp", ""]);
        if passkey || first_and_second { Self::Two } else { Self::One }
    }
}

/// A way to prove who one is, named as in RFC 8176 (authentication method references).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// A password.
    Password,
    /// A link that was mailed, opened in the browser that asked for the account.
    MailedLink,
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// One of the codes that were written down for the day the other factors are lost.
    RecoveryCode,
    /// A passkey that made sure of its owner by itself (WebAuthn user verification).
    Passkey {
        /// It may be on several devices of its owner (backup eligibility), so its key is not bound to
        /// one piece of hardware.
        synced: bool,
    },
}

impl Method {
    /// The registered names.
    fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            // Multiple channels: the browser and the mailbox.
            Self::MailedLink => &["mca"],
            // Both work once.
            Self::Totp | Self::RecoveryCode => &["otp"],
            Self::Passkey { synced: true } => &["swk", "user"],
            Self::Passkey { synced: false } => &["hwk", "user"],
        }
    }
}

/// The names of all that was shown, what was shown earlier first, with `mfa` for more than one factor.
#[must_use]
pub fn amr(earlier: &[String], methods: &[Method]) -> Vec<String> {
    let mut names: Vec<String> = earlier.iter().filter(|name| *name != "mfa").cloned().collect();
    for name in methods.iter().flat_map(|method| method.amr()) {
        if !names.iter().any(|found| found == name) {
            names.push((*name).to_owned());
        }
    }
    if Aal::of(&names) == Aal::Two {
        names.push("mfa".to_owned());
    }
    names
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
            assert_eq!(Aal::of(&amr(&[], methods)), aal, "{methods:?}");
        }
    }

    #[test]
    fn rfc_8176_every_proof_has_its_registered_name_once() {
        let names = |earlier: &[&str], methods: &[Method]| {
            amr(&earlier.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), methods).join(" ")
        };
        assert_eq!(names(&[], &[Method::Password]), "pwd");
        assert_eq!(names(&[], &[Method::Password, Method::Totp]), "pwd otp mfa");
        assert_eq!(names(&["pwd", "otp", "mfa"], &[Method::Totp]), "pwd otp mfa");
        assert_eq!(names(&["pwd"], &[Method::RecoveryCode]), "pwd otp mfa");
        assert_eq!(names(&[], &[Method::Passkey { synced: false }]), "hwk user mfa");
        assert_eq!(names(&["pwd"], &[Method::Passkey { synced: true }]), "pwd swk user mfa");
    }
}
