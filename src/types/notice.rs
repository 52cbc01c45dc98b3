//! What one page tells on behalf of the one before it.

use serde::Serialize;

/// Told once, above the form of the next page. It travels in a cookie, as a code: nobody can put
/// words of their own on our page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// A sign-up was accepted. Said in the same words whether or not the address already had an account.
    Registered,
    /// A link to verify an address was asked for; said whether or not one was sent.
    VerificationMailed,
    /// The address was verified; the visitor may sign in.
    EmailVerified,
    /// A way back in was asked for; said whether or not one was sent.
    RecoveryMailed,
    /// A new password was set; the visitor may sign in with it.
    PasswordReset,
    /// The password was changed, and other sessions were ended.
    PasswordChanged,
    /// The password stands on a list of common ones, and should be changed.
    PasswordCommon,
    /// The name or the language was saved.
    ProfileSaved,
    /// A link was mailed to a new address; said whether or not that address has an account.
    EmailChangeMailed,
    /// The address was changed.
    EmailChanged,
    /// One other session was ended.
    SessionEnded,
    /// All other sessions were ended.
    OtherSessionsEnded,
    /// The account is set to be erased.
    DeletionScheduled,
    /// The erasure was called off.
    DeletionUndone,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey got another name.
    PasskeyRenamed,
    /// A passkey was removed.
    PasskeyRemoved,
    /// The session was ended as asked.
    SignedOut,
    /// The account has no password any more.
    PasswordRemoved,
    /// A browser is asked for the second step again.
    BrowserForgotten,
    /// The address is back, and with it went the factors that were added since it was changed.
    FactorsUndone,
    /// An authenticator app was set up.
    TotpAdded,
    /// An authenticator app has another name.
    TotpRenamed,
    /// An authenticator app was removed.
    TotpRemoved,
}

impl Notice {
    /// Every notice.
    pub const ALL: [Self; 24] = [
        Self::Registered,
        Self::VerificationMailed,
        Self::EmailVerified,
        Self::RecoveryMailed,
        Self::PasswordReset,
        Self::PasswordChanged,
        Self::PasswordCommon,
        Self::ProfileSaved,
        Self::EmailChangeMailed,
        Self::EmailChanged,
        Self::SessionEnded,
        Self::OtherSessionsEnded,
        Self::DeletionScheduled,
        Self::DeletionUndone,
        Self::PasskeyAdded,
        Self::PasskeyRenamed,
        Self::PasskeyRemoved,
        Self::SignedOut,
        Self::PasswordRemoved,
        Self::BrowserForgotten,
        Self::FactorsUndone,
        Self::TotpAdded,
        Self::TotpRenamed,
        Self::TotpRemoved,
    ];

    /// The code that the notice travels under.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::VerificationMailed => "verification-mailed",
            Self::EmailVerified => "email-verified",
            Self::RecoveryMailed => "recovery-mailed",
            Self::PasswordReset => "password-reset",
            Self::PasswordChanged => "password-changed",
            Self::PasswordCommon => "password-common",
            Self::ProfileSaved => "profile-saved",
            Self::EmailChangeMailed => "email-change-mailed",
            Self::EmailChanged => "email-changed",
            Self::SessionEnded => "session-ended",
            Self::OtherSessionsEnded => "other-sessions-ended",
            Self::DeletionScheduled => "deletion-scheduled",
            Self::DeletionUndone => "deletion-undone",
            Self::PasskeyAdded => "passkey-added",
            Self::PasskeyRenamed => "passkey-renamed",
            Self::PasskeyRemoved => "passkey-removed",
            Self::SignedOut => "signed-out",
            Self::PasswordRemoved => "password-removed",
            Self::BrowserForgotten => "browser-forgotten",
            Self::FactorsUndone => "factors-undone",
            Self::TotpAdded => "totp-added",
            Self::TotpRenamed => "totp-renamed",
            Self::TotpRemoved => "totp-removed",
        }
    }

    /// Reads a code; anything else is no notice.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.code() == code)
    }
}
