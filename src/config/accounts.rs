//! What an account must show before it is used.

use super::Environment;

/// Account settings.
#[derive(Clone, Copy, Debug)]
pub struct Accounts {
    /// `VESTIBULE_REQUIRE_VERIFICATION`: whether an account whose address is not verified reaches no
    /// more than the page that asks for that, and goes after a week.
    pub require_verification: bool,
}

impl Accounts {
    pub(super) fn read(env: &mut Environment) -> Self {
        let require = env.parsed("VESTIBULE_REQUIRE_VERIFICATION", "true or false", |text| text.parse().ok());
        Self { require_verification: require.unwrap_or(true) }
    }
}
