//! Account requirements.

use super::Environment;

/// Who must have a second factor.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, strum::EnumString)]
pub enum SecondFactor {
    /// Nobody; it is optional.
    #[default]
    #[strum(serialize = "no")]
    Optional,
    /// Administrators.
    #[strum(serialize = "admins")]
    Administrators,
    /// Every account.
    #[strum(serialize = "everyone")]
    Everyone,
}

/// Account settings.
#[derive(Clone, Copy, Debug)]
pub struct Accounts {
    /// `VESTIBULE_REQUIRE_VERIFICATION`: whether an unverified account can open only the verification page, and is
    /// deleted after a week.
    pub require_verification: bool,
    /// `VESTIBULE_REQUIRE_SECOND_FACTOR`: which accounts can open only the enrolment pages until they have a second
    /// factor.
    pub require_second_factor: SecondFactor,
    /// `VESTIBULE_NEW_BROWSER_EMAIL`: whether the owner is emailed about a sign-in from a browser that the account does
    /// not know.
    pub new_browser_email: bool,
}

impl Accounts {
    pub(super) fn read(env: &mut Environment) -> Self {
        let require = env.parsed("VESTIBULE_REQUIRE_VERIFICATION", "true or false", |text| text.parse().ok());
        let wanted = "no, admins or everyone";
        let second = env.parsed("VESTIBULE_REQUIRE_SECOND_FACTOR", wanted, |text| text.parse().ok());
        let new_browser = env.parsed("VESTIBULE_NEW_BROWSER_EMAIL", "true or false", |text| text.parse().ok());
        Self {
            require_verification: require.unwrap_or(true),
            require_second_factor: second.unwrap_or_default(),
            new_browser_email: new_browser.unwrap_or(true),
        }
    }
}
