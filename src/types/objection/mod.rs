//! Whether a password that has the right form is still a bad choice (NIST SP 800-63B-4 section
//! 3.1.1.2, ASVS 6.2.4, 6.2.11 and 6.2.12).
//!
//! 1. A text that is little more than the account's own words and the service's name is refused.
//! 2. So is one that repeats itself or runs along the alphabet or the keyboard.
//! 3. So is one of the 1.5 million passwords of the blocklist (`vestibule_blocklist`), in whatever case and also in
//!    "leet" spelling, and one of them with a few characters around it.
//!
//! Nothing else is: a few words that do not belong together pass, and so do 20 random digits. A random
//! text is refused by mistake once in 20,000 times at most, a few words without digits once in 65,536.
//!
//! The length of a [`PlainPassword`] is bounded, so the work is (CVE-2021-45115): some microseconds.
//! Whatever is derived from the password is wiped.

mod own_words;
mod patterns;

#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

pub use self::own_words::OwnWords;
use self::patterns::{is_repetitive, is_sequence, unit};
use super::PlainPassword;

/// Why a password is a bad choice.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Objection {
    /// One of the passwords that leaked and that are tried first.
    #[error("the password is on the blocklist of common and breached passwords")]
    Common,
    /// A common password with a few characters around it.
    #[error("the password is a common one with little added")]
    Padded,
    /// The account's own words or the service's name, and little else.
    #[error("the password is made of the account's own words or the service's name")]
    OwnWords,
    /// The same few characters again and again.
    #[error("the password repeats itself")]
    Repetitive,
    /// Characters that follow each other in the alphabet or on a keyboard.
    #[error("the password is a sequence of the alphabet or the keyboard")]
    Sequence,
}

/// As many characters around something guessable are guessed as well: a date, a year and some marks.
const PADDING: usize = 8;
/// The shortest common password that is worth recognising inside another.
const CORE: usize = 4;

/// What speaks against a password for an account with these words; nothing for a good choice.
#[must_use]
pub fn objection(password: &PlainPassword, own: &OwnWords<'_>) -> Option<Objection> {
    let text = lower_case(password.as_str());
    let chars = Zeroizing::new(text.chars().collect::<Vec<char>>());
    // What explains most comes first.
    if own.make_up(&text) {
        return Some(Objection::OwnWords);
    }
    if is_repetitive(&chars) {
        return Some(Objection::Repetitive);
    }
    if is_sequence(&chars) {
        return Some(Objection::Sequence);
    }
    // What is written twice is as good as once.
    let once = secret(text.len(), unit(&chars).iter().copied());
    if is_listed(&text) || is_listed(&once) {
        return Some(Objection::Common);
    }
    is_padded(&once).then_some(Objection::Padded)
}

/// Whether a text in lower case, or the word that it spells with digits, is on the blocklist.
fn is_listed(text: &str) -> bool {
    // Another reading is looked up only when it is a word: each look costs a chance of an error.
    let is_word = |text: &str| text.chars().all(char::is_alphabetic);
    let listed = vestibule_blocklist::contains;
    listed(text) || spelled_out(text).iter().any(|text| is_word(text) && listed(text))
}

/// Whether a text in lower case is one of the blocklist with a few characters, or with a simple series of
/// them, before or behind it.
fn is_padded(text: &str) -> bool {
    let no_letter = |c: char| !c.is_alphabetic();
    let inner = text.trim_matches(no_letter);
    // The first character of a word may be a digit that stands for a letter.
    let front = text.trim_end_matches(no_letter);
    let cores = [inner, if front == inner { "" } else { front }];
    cores.into_iter().any(|core| {
        core.chars().count() >= CORE && core != text && is_thin(&text.replacen(core, "", 1)) && is_listed(core)
    })
}

/// Whether what remains of a password after something guessable was taken out adds too little.
fn is_thin(rest: &str) -> bool {
    let chars = Zeroizing::new(rest.chars().collect::<Vec<char>>());
    chars.len() <= PADDING || is_repetitive(&chars) || is_sequence(&chars)
}

/// The readings of a text in which digits and marks stand for letters; none when there are no such.
fn spelled_out(text: &str) -> Vec<Zeroizing<String>> {
    let readings: &[char] = match text {
        _ if text.contains(['1', '!']) => &['i', 'l'],
        _ if text.contains(['0', '3', '4', '@', '5', '$', '7']) => &['i'],
        _ => &[],
    };
    let read = |one: &char| {
        secret(
            text.len(),
            text.chars().map(|c| match c {
                '0' => 'o',
                '1' | '!' => *one,
                '3' => 'e',
                '4' | '@' => 'a',
                '5' | '$' => 's',
                '7' => 't',
                other => other,
            }),
        )
    };
    readings.iter().map(read).collect()
}

/// A text in lower case.
fn lower_case(text: &str) -> Zeroizing<String> {
    // Two bytes become three at worst.
    secret(text.len() * 2, text.chars().flat_map(char::to_lowercase))
}

/// A text of at most so many bytes that is wiped when it goes; a buffer that grew would leave copies.
fn secret(bytes: usize, chars: impl Iterator<Item = char>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes));
    text.extend(chars);
    text
}
