//! What an account must show before it is used.

use super::Environment;

/// Who has to have a second factor.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SecondFactor {
    /// Whoever wants one.
    #[default]
    Optional,
    /// Administrators.
    Administrators,
    /// Every account.
    Everyone,
}

/// Account settings.
#[derive(Clone, Copy, Debug)]
pub struct Accounts {
    /// `VESTIBULE_REQUIRE_VERIFICATION`: whether an account whose address is not verified reaches no
    /// more than the page that asks for that, and goes after a week.
    pub require_verification: bool,
    /// `VESTIBULE_REQUIRE_SECOND_FACTOR`: whose account reaches no more than the pages that add a second
    /// factor until it has one.
    pub require_second_factor: SecondFactor,
}

impl Accounts {
    pub(super) fn read(env: &mut Environment) -> Self {
        let require = env.parsed("VESTIBULE_REQUIRE_VERIFICATION", "true or false", |text| text.parse().ok());
        let second = env.parsed("VESTIBULE_REQUIRE_SECOND_FACTOR", "no, admins or everyone", |text| match text {
            "no" => Some(SecondFactor::Optional),
            "admins" => Some(SecondFactor::Administrators),
            "everyone" => Some(SecondFactor::Everyone),
            _ => None,
        });
        Self { require_verification: require.unwrap_or(true), require_second_factor: second.unwrap_or_default() }
    }
}
