//! The name of a group of accounts.

/// 1 to 64 of `a`–`z`, `0`–`9`, `_`, `.`, `:` and `-`, of which the first is `a`–`z` or `0`–`9`. Apps compare these names
/// byte by byte, so nothing is normalised: what differs from the rules is refused.
#[derive(Clone, Debug, derive_more::Display, Eq, PartialEq)]
pub struct GroupName(String);

/// Why a text is not the name of a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GroupNameError {
    /// No text.
    #[error("the name of the group is missing")]
    Missing,
    /// More than [`GroupName::MAX`] characters.
    #[error("the name of a group has at most 64 characters")]
    TooLong,
    /// A character outside the set.
    #[error("the name of a group consists of a-z, 0-9, \"_\", \".\", \":\" and \"-\"")]
    Characters,
    /// Capital letters.
    #[error("the name of a group has no capital letters, because apps may or may not tell \"Staff\" from \"staff\"")]
    Capitals,
    /// A mark as the first character.
    #[error("the name of a group begins with a-z or 0-9")]
    Beginning,
    /// A new name with a prefix of [`GroupName::RESERVED`].
    #[error("names of groups that begin with \"{0}\" are reserved")]
    Reserved(&'static str),
}

impl GroupName {
    /// Maximum number of characters.
    pub const MAX: usize = 64;
    /// Prefixes of groups that the service itself may define one day. Nobody creates a group with one of these.
    pub const RESERVED: [&str; 2] = ["system:", "vestibule:"];

    /// Checks a name.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, GroupNameError> {
        let is_mark = |c: char| matches!(c, '_' | '.' | ':' | '-');
        if text.is_empty() {
            return Err(GroupNameError::Missing);
        }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || is_mark(c)) {
            return Err(GroupNameError::Characters);
        }
        if text.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(GroupNameError::Capitals);
        }
        if text.starts_with(is_mark) {
            return Err(GroupNameError::Beginning);
        }
        if text.len() > Self::MAX {
            return Err(GroupNameError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the reserved prefix that the name begins with.
    pub fn reserved_prefix(&self) -> Option<&'static str> {
        Self::RESERVED.into_iter().find(|prefix| self.0.starts_with(prefix))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_as_they_are() {
        for name in ["a", "0", "staff", "team:eu-west_1.ops", "9lives", "a::", "a".repeat(64).as_str()] {
            assert_eq!(GroupName::parse(name).expect("a good name").as_str(), name);
        }
    }

    #[test]
    fn each_rule_has_its_answer() {
        for (text, because) in [
            ("", GroupNameError::Missing),
            ("Staff", GroupNameError::Capitals),
            ("staFF", GroupNameError::Capitals),
            (" staff", GroupNameError::Characters),
            ("staff\n", GroupNameError::Characters),
            ("a,b", GroupNameError::Characters),
            ("a b", GroupNameError::Characters),
            ("a\0b", GroupNameError::Characters),
            ("직원", GroupNameError::Characters),
            ("ѕtaff", GroupNameError::Characters),
            ("--title", GroupNameError::Beginning),
            (":a", GroupNameError::Beginning),
            (".hidden", GroupNameError::Beginning),
            ("a".repeat(65).as_str(), GroupNameError::TooLong),
        ] {
            assert_eq!(GroupName::parse(text), Err(because), "{text:?}");
        }
    }

    #[test]
    fn reserved_names_are_known_by_their_prefix() {
        let reserved = |name: &str| GroupName::parse(name).expect("a good name").reserved_prefix();
        assert_eq!(reserved("system:administrators"), Some("system:"));
        assert_eq!(reserved("vestibule:"), Some("vestibule:"));
        for name in ["system", "systems:a", "my:system:a", "vestibule-team"] {
            assert_eq!(reserved(name), None, "{name}");
        }
    }
}
