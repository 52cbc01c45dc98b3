//! Recovery codes: 125 random bits, in a form that is easy to copy from paper.

use derive_more::Debug;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::types::{TokenDigest, is_invisible, random_bytes};

/// The symbols of Crockford's base 32, which omits I, L, O and U, so that no two look alike.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Five groups of five.
const LENGTH: usize = 25;
const GROUP: usize = 5;

/// One code, in its canonical spelling.
#[derive(Clone, Debug, Eq, PartialEq, ZeroizeOnDrop)]
#[debug("RecoveryCode(..)")]
pub struct RecoveryCode([u8; LENGTH]);

impl RecoveryCode {
    /// Creates one.
    pub fn random() -> Self {
        let mut bits = Zeroizing::new(u128::from_be_bytes(random_bytes()));
        let mut code = Self([0; LENGTH]);
        for symbol in &mut code.0 {
            let [.., low] = bits.to_be_bytes();
            *symbol = SYMBOLS[usize::from(low & 31)];
            *bits >>= 5;
        }
        code
    }

    /// Reads one as a user typed it: in either case, with or without separators, with symbols that look like digits,
    /// and in the full-width characters of East Asian keyboards.
    pub fn parse(text: &str) -> Option<Self> {
        let mut code = Self([0; LENGTH]);
        let mut length = 0;
        for c in text.chars().filter(|c| !is_between(*c)) {
            let narrow = match c {
                '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0)?,
                _ => c,
            };
            let symbol = match u8::try_from(narrow).ok()?.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                symbol => symbol,
            };
            if !SYMBOLS.contains(&symbol) {
                return None;
            }
            *code.0.get_mut(length)? = symbol;
            length += 1;
        }
        (length == LENGTH).then_some(code)
    }

    /// As it is shown: five groups of five.
    pub fn grouped(&self) -> Zeroizing<String> {
        let groups: Vec<&str> = self.0.chunks(GROUP).filter_map(|group| std::str::from_utf8(group).ok()).collect();
        Zeroizing::new(groups.join("-"))
    }

    /// The digest that the database stores. With 125 random bits behind it, a plain digest cannot be guessed back.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0)
    }
}

fn is_between(c: char) -> bool {
    is_invisible(c) || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn asvs_6_5_3_a_code_has_125_random_bits() {
        let codes: Vec<_> = (0..200).map(|_| RecoveryCode::random()).collect();
        let distinct: BTreeSet<_> = codes.iter().map(|code| code.0).collect();
        assert_eq!(distinct.len(), codes.len());
        for at in 0..LENGTH {
            let symbols: BTreeSet<_> = codes.iter().map(|code| code.0[at]).collect();
            assert!(symbols.len() > 24, "place {at}: {symbols:?}");
        }
        assert_eq!(LENGTH * 5, 125);
    }

    #[test]
    fn a_code_is_read_however_a_person_copies_it() {
        let code = RecoveryCode(*b"01AB23CDEFGH45JKMNPQRS6TV");
        assert_eq!(*code.grouped(), "01AB2-3CDEF-GH45J-KMNPQ-RS6TV");
        for text in [
            "01AB2-3CDEF-GH45J-KMNPQ-RS6TV",
            "01ab23cdefgh45jkmnpqrs6tv",
            " OlAb2 3cdef gh45j kmnpq rs6tv ",
            "oiab2–3cdef—gh45j‐kmnpq−rs6tv",
            "０１ＡＢ２－３ｃｄｅｆ\u{3000}ＧＨ４５Ｊ－ＫＭＮＰＱ－ＲＳ６ＴＶ",
        ] {
            assert_eq!(RecoveryCode::parse(text), Some(code.clone()), "{text}");
        }
        for text in [
            "",
            "01AB2-3CDEF-GH45J-KMNPQ-RS6T",
            "01AB2-3CDEF-GH45J-KMNPQ-RS6TVX",
            "U1AB2-3CDEF-GH45J-KMNPQ-RS6TV",
            "!1AB2-3CDEF-GH45J-KMNPQ-RS6TV",
            "01AB2-3CDEF-GH45J-KMNPQ-RS6T한",
            "01AB2-3CDEF-GH45J-KMNPQ-RS6T\u{0}",
        ] {
            assert_eq!(RecoveryCode::parse(text), None, "{text}");
        }
        let fresh = RecoveryCode::random();
        assert_eq!(RecoveryCode::parse(&fresh.grouped()), Some(fresh.clone()));
        assert_eq!(format!("{fresh:?}"), "RecoveryCode(..)");
    }
}
