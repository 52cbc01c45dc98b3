//! The public name of an account.

/// 3 to 32 of `a`–`z`, `0`–`9`, `_`, `-` and `.`, in lower case. ASCII only: no two usernames look alike, and
/// canonicalisation is idempotent.
#[derive(Clone, Debug, derive_more::Display, Eq, PartialEq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Username(String);

/// Why a text is not a username.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UsernameError {
    /// Nothing was typed.
    #[error("a username is missing")]
    Missing,
    /// Fewer than [`Username::MIN`] characters.
    #[error("a username has at least 3 characters")]
    TooShort,
    /// More than [`Username::MAX`] characters.
    #[error("a username has at most 32 characters")]
    TooLong,
    /// A character outside the set.
    #[error("a username consists of a-z, 0-9, \"_\", \"-\" and \".\"")]
    Characters,
}

impl Username {
    /// Minimum number of characters.
    pub const MIN: usize = 3;
    /// Maximum number of characters.
    pub const MAX: usize = 32;

    /// Checks a typed name, ignoring case and surrounding spaces.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, UsernameError> {
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(UsernameError::Missing);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !text.chars().all(allowed) {
            return Err(UsernameError::Characters);
        }
        match text.len() {
            ..Self::MIN => Err(UsernameError::TooShort),
            Self::MIN..=Self::MAX => Ok(Self(text.to_ascii_lowercase())),
            _ => Err(UsernameError::TooLong),
        }
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
    fn spotify_names_that_look_alike_collide_or_are_refused() {
        assert_eq!(Username::parse("Alice.B"), Username::parse("alice.b"));
        for lookalike in ["ᴬlice", "аlice", "ali\u{200b}ce", "ali ce", "alice\u{a0}", "\u{202e}alice", "ａlice"] {
            assert_eq!(Username::parse(lookalike), Err(UsernameError::Characters), "{lookalike}");
        }
    }

    #[test]
    fn canonical_names_stay_as_they_are() {
        for name in ["abc", "A-B_c.9", "X".repeat(32).as_str()] {
            let once = Username::parse(name).expect("a good name");
            assert_eq!(Username::parse(once.as_str()), Ok(once.clone()));
        }
    }

    #[test]
    fn lengths_and_control_characters_are_told_apart() {
        assert_eq!(Username::parse("  "), Err(UsernameError::Missing));
        assert_eq!(Username::parse("ab"), Err(UsernameError::TooShort));
        assert_eq!(Username::parse(&"a".repeat(33)), Err(UsernameError::TooLong));
        for hostile in ["a\0bc", "ab\r\ncd", "<b>bold", "{{7*7}}", "me@here"] {
            assert_eq!(Username::parse(hostile), Err(UsernameError::Characters), "{hostile}");
        }
    }
}
