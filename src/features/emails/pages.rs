//! Every letter of the service.

#![expect(missing_docs, reason = "the templates word what the names say")]

use serde::Serialize;

use crate::templates::Mail;

/// A name that is markup, a template, and more than one line.
const HOSTILE: &str = "\"><svg onload=alert(1)>{{7*7}}{% include \"x\" %}\r\nBcc: c@example.com\r\n\r\n.\r\n";

fn link(path: &str) -> String {
    format!("https://id.example.com{path}?token=mkVx3bbrWv1Fh7nXH6aPpA&a=1")
}

/// Every letter as it usually is, and with a name that means harm.
fn usual_and_hostile<M>(make: impl Fn(String) -> M) -> Vec<(&'static str, M)> {
    vec![("usual", make("minji".into())), ("hostile", make(HOSTILE.into()))]
}

/// Somebody signed up: show that the address is yours.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyEmail {
    pub username: String,
    pub link: String,
    /// How long the link works.
    pub hours: u64,
}

impl Mail for VerifyEmail {
    const NAME: &'static str = "letters/verify-email";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, link: link("/verify"), hours: 24 })
    }
}

/// Somebody signed up with an address that has an account already.
#[derive(Clone, Debug, Serialize)]
pub struct AddressTaken {
    pub username: String,
    pub sign_in_link: String,
    pub recover_link: String,
}

impl Mail for AddressTaken {
    const NAME: &'static str = "letters/address-taken";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self {
            username,
            sign_in_link: "https://id.example.com/login".into(),
            recover_link: "https://id.example.com/recover".into(),
        })
    }
}

/// The way back in that was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Recover {
    pub username: String,
    pub link: String,
    /// How long the link works.
    pub minutes: u64,
}

impl Mail for Recover {
    const NAME: &'static str = "letters/recover";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, link: link("/recover/reset"), minutes: 60 })
    }
}

/// The password is another one.
#[derive(Clone, Debug, Serialize)]
pub struct PasswordChanged {
    pub username: String,
    pub recover_link: String,
}

impl Mail for PasswordChanged {
    const NAME: &'static str = "letters/password-changed";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, recover_link: "https://id.example.com/recover".into() })
    }
}

/// Show that the new address is yours.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeEmail {
    pub username: String,
    pub link: String,
    /// How long the link works.
    pub hours: u64,
}

impl Mail for ChangeEmail {
    const NAME: &'static str = "letters/change-email";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, link: link("/account/email/confirm"), hours: 1 })
    }
}

/// Somebody wanted an address that belongs to the account of whoever reads this.
#[derive(Clone, Debug, Serialize)]
pub struct AddressInUse {}

impl Mail for AddressInUse {
    const NAME: &'static str = "letters/address-in-use";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![("usual", Self {})]
    }
}

/// The address is another one: told to the old one, which does not learn the new one.
#[derive(Clone, Debug, Serialize)]
pub struct EmailChanged {
    pub username: String,
    pub undo_link: String,
    /// How long the link works.
    pub days: u64,
}

impl Mail for EmailChanged {
    const NAME: &'static str = "letters/email-changed";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, undo_link: link("/account/email/undo"), days: 7 })
    }
}

/// Somebody signed in after many had failed.
#[derive(Clone, Debug, Serialize)]
pub struct SignInAfterFailures {
    pub username: String,
    pub failures: u64,
    pub password_link: String,
}

impl Mail for SignInAfterFailures {
    const NAME: &'static str = "letters/sign-in-after-failures";

    fn samples() -> Vec<(&'static str, Self)> {
        let made = |username, failures| Self {
            username,
            failures,
            password_link: "https://id.example.com/account/password".into(),
        };
        let mut samples = usual_and_hostile(|username| made(username, 12));
        samples.push(("one", made("minji".into(), 1)));
        samples
    }
}

/// What became more or less of that which proves whose the account is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    TotpAdded,
    TotpRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    PasswordRemoved,
    /// By the operator, all of them.
    FactorsReset,
    /// With a change of the address that was taken back, all that were added since.
    FactorsUndone,
}

impl Change {
    const ALL: [(&'static str, Self); 9] = [
        ("totp-added", Self::TotpAdded),
        ("totp-removed", Self::TotpRemoved),
        ("passkey-added", Self::PasskeyAdded),
        ("passkey-removed", Self::PasskeyRemoved),
        ("recovery-codes-made", Self::RecoveryCodesMade),
        ("recovery-code-used", Self::RecoveryCodeUsed),
        ("password-removed", Self::PasswordRemoved),
        ("factors-reset", Self::FactorsReset),
        ("factors-undone", Self::FactorsUndone),
    ];

    /// Reads what a letter's detail says.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(found, _)| *found == code).map(|(_, change)| change)
    }
}

/// A factor was added or removed, or a recovery code was used.
#[derive(Clone, Debug, Serialize)]
pub struct FactorsChanged {
    pub username: String,
    pub change: Change,
    /// How many recovery codes are left.
    pub left: u64,
    pub factors_link: String,
}

impl Mail for FactorsChanged {
    const NAME: &'static str = "letters/factors-changed";

    fn samples() -> Vec<(&'static str, Self)> {
        let factors_link = "https://id.example.com/account/factors";
        let made = |username, change| Self { username, change, left: 9, factors_link: factors_link.into() };
        let mut samples = usual_and_hostile(|username| made(username, Change::TotpAdded));
        samples.extend(Change::ALL.into_iter().map(|(code, change)| (code, made("minji".into(), change))));
        samples.push(("last-code", Self { left: 0, ..made("minji".into(), Change::RecoveryCodeUsed) }));
        samples
    }
}

/// Somebody knew the password and failed at the second factor.
#[derive(Clone, Debug, Serialize)]
pub struct SecondFactorFailed {
    pub username: String,
    pub password_link: String,
}

impl Mail for SecondFactorFailed {
    const NAME: &'static str = "letters/second-factor-failed";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, password_link: "https://id.example.com/account/password".into() })
    }
}

/// The account is going to be erased.
#[derive(Clone, Debug, Serialize)]
pub struct DeletionScheduled {
    pub username: String,
    /// `2026-03-01`; the letter words it.
    pub date: String,
    pub undo_link: String,
}

impl Mail for DeletionScheduled {
    const NAME: &'static str = "letters/deletion-scheduled";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, date: "2026-03-01".into(), undo_link: link("/account/keep") })
    }
}

/// The account was erased.
#[derive(Clone, Debug, Serialize)]
pub struct Erased {
    pub username: String,
}

impl Mail for Erased {
    const NAME: &'static str = "letters/erased";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username })
    }
}
