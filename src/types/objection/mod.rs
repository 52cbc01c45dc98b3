//! Detects weak passwords (NIST SP 800-63B-4 section 3.1.1.2, ASVS 6.2.4, 6.2.11 and 6.2.12).
//!
//! Rejects:
//! 1. a text that is little more than the user's personal data or the service's name;
//! 2. a text that repeats itself or runs along the alphabet or the keyboard;
//! 3. one of the 1.5 million passwords of the blocklist (`vestibule_blocklist`), in any case, in "leet" spelling, or
//!    with a few characters around it.
//!
//! Everything else passes: a few unrelated words, or 20 random digits. False positives are at most 1 in 20,000 for
//! random texts and 1 in 65,536 for a few words without digits.
//!
//! The length of a [`PlainPassword`] is bounded, so the work is (CVE-2021-45115): some microseconds. Everything derived
//! from the password is zeroized.

mod own_words;
mod patterns;

#[cfg(test)]
mod tests;

use serde::Serialize;
use zeroize::Zeroizing;

pub use self::own_words::OwnWords;
use self::patterns::{is_repetitive, is_sequence, unit};
use super::PlainPassword;

/// Why a password is too weak.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Objection {
    /// A common or breached password, which attackers try first.
    #[error("the password is on the blocklist of common and breached passwords")]
    Common,
    /// A common password with a few characters around it.
    #[error("the password is a common one with little added")]
    Padded,
    /// The user's personal data or the service's name, and little else.
    #[error("the password consists of personal data or the service's name")]
    OwnWords,
    /// The same few characters repeated.
    #[error("the password repeats itself")]
    Repetitive,
    /// Characters that follow each other in the alphabet or on a keyboard.
    #[error("the password is a sequence of the alphabet or the keyboard")]
    Sequence,
}

/// Characters around a guessable core that add no strength: a date, a year and some marks.
const PADDING: usize = 8;
/// The shortest common password searched for inside another.
const CORE: usize = 4;

/// Returns the objection to a password for an account with these words; `None` for a good choice.
pub fn objection(password: &PlainPassword, own: &OwnWords<'_>) -> Option<Objection> {
    let text = lower_case(password.as_str());
    let chars = Zeroizing::new(text.chars().collect::<Vec<char>>());
    // The most helpful explanation comes first.
    if own.make_up(&text) {
        return Some(Objection::OwnWords);
    }
    if is_repetitive(&chars) {
        return Some(Objection::Repetitive);
    }
    if is_sequence(&chars) {
        return Some(Objection::Sequence);
    }
    // A repeated text is as weak as its unit.
    let once = secret(text.len(), unit(&chars).iter().copied());
    if is_listed(&text) || is_listed(&once) {
        return Some(Objection::Common);
    }
    is_padded(&once).then_some(Objection::Padded)
}

/// Returns whether a lower-case text, or the word it spells in "leet", is on the blocklist.
fn is_listed(text: &str) -> bool {
    // Another reading is looked up only if it is a word: each lookup risks a false positive.
    let is_word = |text: &str| text.chars().all(char::is_alphabetic);
    let listed = vestibule_blocklist::contains;
    listed(text) || spelled_out(text).iter().any(|text| is_word(text) && listed(text))
}

/// Returns whether a lower-case text is a blocklist entry with a few characters, or a simple series of them, before or
/// after it.
fn is_padded(text: &str) -> bool {
    let no_letter = |c: char| !c.is_alphabetic();
    let inner = text.trim_matches(no_letter);
    // The first character of a word may be a "leet" digit.
    let front = text.trim_end_matches(no_letter);
    let cores = [inner, if front == inner { "" } else { front }];
    cores.into_iter().any(|core| {
        core.chars().count() >= CORE && core != text && is_thin(&text.replacen(core, "", 1)) && is_listed(core)
    })
}

/// Returns whether the rest of a password, without its guessable part, adds too little.
fn is_thin(rest: &str) -> bool {
    let chars = Zeroizing::new(rest.chars().collect::<Vec<char>>());
    chars.len() <= PADDING || is_repetitive(&chars) || is_sequence(&chars)
}

/// Decodes "leet" digits and marks; empty without any.
fn spelled_out(text: &str) -> Vec<Zeroizing<String>> {
    let readings: &[char] = match text {
        _ if text.contains(['1', '!']) => &['i', 'l'],
        _ if text.contains(['0', '3', '4', '@', '5', '$', '7']) => &['i'],
        _ => &[],
    };
    let read = |one: &char| secret(text.len(), text.chars().map(|c| leet(c, *one)));
    readings.iter().map(read).collect()
}

/// Decodes one "leet" digit or mark; `one` is what 1 stands for.
fn leet(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn lower_case(text: &str) -> Zeroizing<String> {
    // Two bytes become three at worst.
    secret(text.len() * 2, text.chars().flat_map(char::to_lowercase))
}

/// Collects characters into a zeroized text. The capacity must suffice: a buffer that grew would leave copies.
fn secret(bytes: usize, chars: impl Iterator<Item = char>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes));
    text.extend(chars);
    text
}
