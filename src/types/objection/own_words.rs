//! Personal data of the user, which is guessed before anything else.

use zeroize::Zeroizing;

use super::{is_listed, is_padded, is_thin, leet, lower_case, secret, spelled_out};
use crate::types::{DisplayName, Email, Username};

/// What anyone may know about the person who chooses a password.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnWords<'a> {
    /// The public name.
    pub username: Option<&'a Username>,
    /// The email address; its local part and the labels of its domain count.
    pub email: Option<&'a Email>,
    /// The display name.
    pub display_name: Option<&'a DisplayName>,
    /// The name of the service.
    pub service_name: &'a str,
}

/// Shorter pieces occur in half of all texts. A syllable or an ideograph carries more than an ASCII character.
const PIECE: usize = 3;
const SYLLABLES: usize = 2;
/// Shorter words reversed are other words.
const BACKWARDS: usize = 4;

impl OwnWords<'_> {
    /// Returns whether a lower-case password consists of these words: doubled, padded, in "leet" spelling, joined by
    /// marks or reversed.
    pub(super) fn make_up(&self, password: &str) -> bool {
        let words = self.words();
        let (readings, folded) = (spelled_out(password), fold(password));
        let texts = readings.iter().map(|text| text.as_str()).chain([password, folded.as_str()]).map(bare);
        texts.into_iter().any(|text| {
            let rest = without(&text, &words);
            rest.len() < text.len() && (is_thin(&rest) || is_listed(&rest) || is_padded(&rest))
        })
    }

    /// Every word in lower case, without marks; longest first, because others may be part of it.
    fn words(&self) -> Vec<Zeroizing<String>> {
        let (local, domain) = self.email.and_then(|email| email.canonical().split_once('@')).unwrap_or_default();
        let (domain, _) = idna::domain_to_unicode(domain);
        let texts = [
            self.username.map_or("", Username::as_str),
            local,
            &domain,
            self.display_name.map_or("", DisplayName::as_str),
            self.service_name,
        ];
        let mut words = Vec::new();
        for text in texts {
            let text = lower_case(text);
            let pieces = text.split(|c: char| !c.is_alphanumeric());
            words.extend(pieces.chain([text.as_str()]).map(bare).filter(|word| is_telling(word)));
        }
        let backwards = |word: &Zeroizing<String>| secret(word.len(), word.chars().rev());
        let reversed: Vec<_> = words.iter().filter(|word| word.chars().count() >= BACKWARDS).map(backwards).collect();
        words.extend(reversed);
        // A word may have digits of its own, which a reading of the password decodes.
        let folded: Vec<_> = words.iter().map(|word| fold(word)).collect();
        words.extend(folded);
        words.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        words.dedup();
        words
    }
}

fn is_telling(word: &str) -> bool {
    word.chars().count() >= if word.is_ascii() { PIECE } else { SYLLABLES }
}

/// Keeps the letters and digits of a text.
fn bare(text: &str) -> Zeroizing<String> {
    secret(text.len(), text.chars().filter(|c| c.is_alphanumeric()))
}

/// One spelling for all that "leet" takes for each other.
fn fold(text: &str) -> Zeroizing<String> {
    secret(text.len(), text.chars().map(|c| if c == 'l' { 'i' } else { leet(c, 'i') }))
}

/// Removes these words from a text.
fn without(text: &str, words: &[Zeroizing<String>]) -> Zeroizing<String> {
    let mut rest = secret(text.len(), text.chars());
    for word in words {
        if rest.contains(word.as_str()) {
            rest = secret(rest.len(), rest.split(word.as_str()).flat_map(str::chars));
        }
    }
    rest
}
