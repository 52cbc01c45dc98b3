//! Names in any script: what a user wants to be called, and the labels of factors.

use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;

use super::{invisible::is_hidden, trimmed};

/// 1 to 64 code points in NFC, without control characters or invisible direction marks.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::Type)]
#[sqlx(transparent)]
pub struct DisplayName(String);

/// Why a text is not a display name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DisplayNameError {
    /// More than [`DisplayName::MAX`] code points.
    #[error("a display name has at most 64 characters")]
    TooLong,
    /// A control character, a line break or a mark that reorders the text around it.
    #[error("a display name has no control characters")]
    Characters,
}

impl DisplayName {
    /// Maximum number of code points.
    pub const MAX: usize = 64;

    /// Checks a typed name; returns `None` for a blank one.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Option<Self>, DisplayNameError> {
        let text = trimmed(text);
        if text.is_empty() {
            return Ok(None);
        }
        // Bounds the work before normalisation: NFC never yields more code points than the input.
        if text.chars().take(Self::MAX * 4 + 1).count() > Self::MAX * 4 {
            return Err(DisplayNameError::TooLong);
        }
        if text.chars().any(hides_or_reorders) {
            return Err(DisplayNameError::Characters);
        }
        let name: String = text.nfc().collect();
        if name.chars().count() > Self::MAX {
            return Err(DisplayNameError::TooLong);
        }
        Ok(Some(Self(name)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name in any script, under the rules of a [`DisplayName`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Label(String);

/// Why a text is not a label.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum LabelError {
    /// Nothing was typed.
    Missing,
    /// Too many code points.
    TooLong {
        /// The maximum.
        max: usize,
    },
    /// A control character or a mark that reorders the text around it.
    Characters,
}

impl Label {
    /// Checks a typed name.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        match DisplayName::parse(text) {
            Ok(Some(name)) => Ok(Self(name.as_str().to_owned())),
            Ok(None) => Err(LabelError::Missing),
            Err(DisplayNameError::TooLong) => Err(LabelError::TooLong { max: DisplayName::MAX }),
            Err(DisplayNameError::Characters) => Err(LabelError::Characters),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Matches control characters, line separators and the bidirectional marks of Unicode Technical Report #36. The joiners
/// U+200C and U+200D stay: Persian and emoji need them.
fn hides_or_reorders(c: char) -> bool {
    c.is_control() || is_hidden(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_script_is_welcome_and_normalised() {
        let decomposed: String = "김민수".nfd().collect();
        let name = DisplayName::parse(&decomposed).expect("a good name").expect("a name");
        assert_eq!(name.as_str(), "김민수");
        assert_eq!(DisplayName::parse("  "), Ok(None));
        assert!(DisplayName::parse(&"가".repeat(64)).is_ok());
        assert_eq!(DisplayName::parse(&"가".repeat(65)), Err(DisplayNameError::TooLong));
        assert_eq!(DisplayName::parse(&"가".repeat(100_000)), Err(DisplayNameError::TooLong));
    }

    #[test]
    fn marks_that_hide_or_reorder_are_refused() {
        for hostile in ["a\0b", "a\r\nBcc: b@c", "a\u{202e}b", "a\u{200b}b", "\u{1b}[31mred"] {
            assert_eq!(DisplayName::parse(hostile), Err(DisplayNameError::Characters), "{hostile:?}");
        }
    }
}
