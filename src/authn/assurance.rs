//! How sure we are that a visitor is who they say.

/// Authenticator assurance level of NIST SP 800-63B.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Aal {
    /// One factor.
    One,
}

impl Aal {
    /// As stored and as told to apps.
    #[must_use]
    pub fn number(self) -> i16 {
        match self {
            Self::One => 1,
        }
    }
}

/// A way to prove who one is, named as in RFC 8176 (authentication method references).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// A password.
    Password,
    /// A link that was mailed, opened in the browser that asked for the account.
    MailedLink,
}

impl Method {
    /// The registered name.
    #[must_use]
    pub fn amr(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            // Multiple channels: the browser and the mailbox.
            Self::MailedLink => "mca",
        }
    }
}
