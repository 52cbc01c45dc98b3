//! The public name of an account.

use super::trimmed;

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
    /// A mark as the first or last character of a new name.
    #[error("a username begins and ends with a-z or 0-9")]
    Ends,
}

impl Username {
    /// Minimum number of characters.
    pub const MIN: usize = 3;
    /// Maximum number of characters.
    pub const MAX: usize = 32;

    /// Checks a new name: the rules of [`Username::parse`], and it must begin and end with `a`–`z` or `0`–`9`. So it
    /// cannot be mistaken for a command-line option, a hidden file or punctuation. Existing accounts keep their names.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn chosen(text: &str) -> Result<Self, UsernameError> {
        let name = Self::parse(text)?;
        let is_mark = |c: char| !c.is_ascii_alphanumeric();
        if name.0.starts_with(is_mark) || name.0.ends_with(is_mark) { Err(UsernameError::Ends) } else { Ok(name) }
    }

    /// Checks a typed name, ignoring case and what is invisible around it.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, UsernameError> {
        let text = trimmed(text);
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
        assert_eq!(Username::parse("alice\u{a0}"), Username::parse("\u{202e}alice"));
        for lookalike in ["ᴬlice", "аlice", "ali\u{200b}ce", "ali ce", "ali\u{a0}ce", "ali\u{202e}ce", "ａlice"] {
            assert_eq!(Username::parse(lookalike), Err(UsernameError::Characters), "{lookalike}");
        }
    }

    #[test]
    fn field_26_a_new_name_begins_and_ends_with_a_letter_or_digit() {
        for name in ["-rf", "--help", "...", "---", "me..", ".profile", "_anna", "anna_", "anna-"] {
            assert_eq!(Username::chosen(name), Err(UsernameError::Ends), "{name}");
            assert!(Username::parse(name).is_ok(), "{name} may exist");
        }
        for name in ["anna", "a.b", "4nna", "anna-7", "a--b"] {
            assert_eq!(Username::chosen(name), Username::parse(name), "{name}");
        }
        assert_eq!(Username::chosen("an"), Err(UsernameError::TooShort));
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
