//! Flash messages: one-time notices shown on the next page.

use serde::Serialize;
use strum::{EnumString, IntoStaticStr};

/// A notice shown once, above the form of the next page. The cookie contains only its code, so that nobody can inject
/// text into our page.
#[derive(Clone, Copy, Debug, EnumString, Eq, IntoStaticStr, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Notice {
    /// A sign-up was accepted. The text is the same whether or not the address already had an account.
    Registered,
    /// A link to verify an address was requested; shown whether or not one was sent.
    VerificationMailed,
    /// The address of an unverified account was corrected. The text is the same for a taken one.
    EmailCorrected,
    /// The address was verified; the visitor may sign in.
    EmailVerified,
    /// An app lost what the user had allowed it.
    AppRemoved,
    /// The sign-ins to an app that the operator allows for everyone were ended.
    AppSignedOut,
    /// Account recovery was requested; shown whether or not an email was sent.
    RecoveryMailed,
    /// A new password was set; the visitor may sign in with it.
    PasswordReset,
    /// The password was changed, and other sessions were ended.
    PasswordChanged,
    /// The password is on the blocklist and should be changed.
    PasswordCommon,
    /// The display name or the language was saved.
    ProfileSaved,
    /// A link was mailed to a new address; shown whether or not that address has an account.
    EmailChangeMailed,
    /// The address was changed.
    EmailChanged,
    /// The undo of earlier address changes was ended.
    EmailUndoClosed,
    /// One other session was revoked.
    SessionEnded,
    /// All other sessions were revoked.
    OtherSessionsEnded,
    /// The account is scheduled for deletion.
    DeletionScheduled,
    /// The scheduled deletion was cancelled.
    DeletionUndone,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was added, and is the account's first second factor.
    FirstPasskeyAdded,
    /// A passkey was renamed.
    PasskeyRenamed,
    /// A passkey was removed.
    PasskeyRemoved,
    /// Another sign-in was started in this browser, so the form of the earlier one was ignored.
    OtherSignIn,
    /// The user signed out.
    SignedOut,
    /// The account's password was removed.
    PasswordRemoved,
    /// A browser is no longer trusted and needs the second factor again.
    BrowserForgotten,
    /// The previous address was restored, and factors added since the change were removed.
    FactorsUndone,
    /// A form was sent after the session had ended: nothing was saved.
    SignedOutUnsaved,
    /// A form was sent before a required step, such as verifying the address: nothing was saved.
    Unsaved,
    /// An authenticator app was added.
    TotpAdded,
    /// An authenticator app was added, and is the account's first second factor.
    FirstTotpAdded,
    /// An authenticator app was renamed.
    TotpRenamed,
    /// An authenticator app was removed.
    TotpRemoved,
}

impl Notice {
    /// The code in the cookie.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }
}
