//! What one page tells on behalf of the one before it.

use serde::Serialize;

/// Told once, above the form of the next page. It travels in a cookie, as a code: nobody can put
/// words of their own on our page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// A sign-up was accepted. Said in the same words whether or not the address already had an account.
    Registered,
    /// The session was ended as asked.
    SignedOut,
}

impl Notice {
    const ALL: [Self; 2] = [Self::Registered, Self::SignedOut];

    /// The code that the notice travels under.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::SignedOut => "signed-out",
        }
    }

    /// Reads a code; anything else is no notice.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.code() == code)
    }
}
