//! Passwords as typed, before hashing.

use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// A password in NFC (NIST SP 800-63B section 3.1.1.2), never truncated, zeroized on drop. Its `Debug` prints nothing.
#[derive(Clone, derive_more::Debug)]
#[debug("PlainPassword(..)")]
pub struct PlainPassword(Zeroizing<String>);

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum PasswordError {
    /// Nothing was typed.
    #[error("a password is missing")]
    Missing,
    /// Fewer code points than the policy requires.
    #[error("the password is too short; see VESTIBULE_PASSWORD_MIN")]
    #[expect(missing_docs, reason = "the message has it")]
    TooShort { min: usize },
    /// More than [`PlainPassword::MAX`] code points.
    #[error("a password has at most {max} characters")]
    #[expect(missing_docs, reason = "the message has it")]
    TooLong { max: usize },
    /// A NUL character.
    #[error("a password must not contain a NUL character")]
    Characters,
}

/// The policy for new passwords.
#[derive(Clone, Copy, Debug)]
pub struct PasswordPolicy {
    /// Minimum number of code points.
    pub min: usize,
}

impl PlainPassword {
    /// Maximum number of code points, before and after normalisation.
    pub const MAX: usize = 128;

    /// Accepts a password to compare with a stored hash. Returns `None` if no account can have it, so that an overlong
    /// text costs neither normalisation nor a hash.
    pub fn presented(text: &str) -> Option<Self> {
        let bounded = !text.is_empty() && !is_longer_than(text, Self::MAX);
        bounded.then(|| Self::normalised(text)).filter(|password| !is_longer_than(&password.0, Self::MAX))
    }

    /// Accepts a new password.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn chosen(text: &str, policy: PasswordPolicy) -> Result<Self, PasswordError> {
        if text.is_empty() {
            return Err(PasswordError::Missing);
        }
        if is_longer_than(text, Self::MAX) {
            return Err(PasswordError::TooLong { max: Self::MAX });
        }
        if text.contains('\0') {
            return Err(PasswordError::Characters);
        }
        let password = Self::normalised(text);
        // Some characters become two or three code points in NFC.
        if is_longer_than(&password.0, Self::MAX) {
            return Err(PasswordError::TooLong { max: Self::MAX });
        }
        if password.0.chars().count() < policy.min {
            return Err(PasswordError::TooShort { min: policy.min });
        }
        Ok(password)
    }

    /// The text, for the weakness checks.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes to hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn normalised(text: &str) -> Self {
        // Allocated for the longest result up front: a buffer that grew would leave parts of the secret behind. NFC of
        // 128 code points has at most 3 × 128 of up to 4 bytes.
        let mut normalised = Zeroizing::new(String::with_capacity(Self::MAX * 12));
        normalised.extend(text.nfc());
        Self(normalised)
    }
}

/// Returns whether the text has more than `max` code points, without reading past them.
fn is_longer_than(text: &str, max: usize) -> bool {
    text.chars().nth(max).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: PasswordPolicy = PasswordPolicy { min: 12 };

    fn refusal(text: &str) -> Option<PasswordError> {
        PlainPassword::chosen(text, POLICY).err()
    }

    #[test]
    fn asvs_6_2_1_length_is_counted_in_code_points() {
        assert_eq!(refusal(&"🦉".repeat(11)), Some(PasswordError::TooShort { min: 12 }));
        assert_eq!(refusal(&"🦉".repeat(12)), None);
        assert_eq!(refusal(&"a".repeat(11)), Some(PasswordError::TooShort { min: 12 }));
        assert_eq!(refusal(&"a".repeat(12)), None);
    }

    #[test]
    fn asvs_6_2_9_long_passwords_are_kept_whole() {
        for length in [64, 128] {
            let text = "길".repeat(length);
            let password = PlainPassword::chosen(&text, POLICY).expect("a good password");
            assert_eq!(password.as_bytes().len(), length * 3);
        }
        assert_eq!(refusal(&"a".repeat(129)), Some(PasswordError::TooLong { max: 128 }));
        assert_eq!(refusal(&"a".repeat(1_000_000)), Some(PasswordError::TooLong { max: 128 }));
        assert!(PlainPassword::presented(&"a".repeat(1_000_000)).is_none());
    }

    #[test]
    fn nist_63b_a_text_that_is_too_long_in_one_of_its_spellings_is_too_long_in_all() {
        // NFC writes U+0958 as two code points.
        let (short, long) = ("\u{958}".repeat(128), "\u{915}\u{93c}".repeat(128));
        assert_eq!(short.nfc().collect::<String>(), long);
        for text in [&short, &long] {
            assert_eq!(refusal(text), Some(PasswordError::TooLong { max: 128 }));
            assert!(PlainPassword::presented(text).is_none());
        }
        assert_eq!(refusal(&"\u{958}".repeat(64)), None);
    }

    #[test]
    fn asvs_6_2_5_no_composition_rules() {
        for text in
            ["all lowercase phrase", "01234567890123456789", "열두글자를넘는한국어비밀번호", " spaces at both ends "]
        {
            assert_eq!(refusal(text), None, "{text}");
        }
    }

    #[test]
    fn nist_63b_spellings_of_one_text_are_one_password() {
        let composed = PlainPassword::presented("café 가나다라").expect("a password");
        let decomposed = PlainPassword::presented(&"café 가나다라".nfd().collect::<String>()).expect("a password");
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
    }
}
