//! RFC 6238 over RFC 4226, as the apps have it: SHA-1, six digits, thirty seconds. No clock in here.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::types::Entropy;

/// How long one code is shown, in seconds.
pub const STEP: i64 = 30;
/// Clocks differ, and people type: the step before and the one after count too (ASVS 6.5.5).
const WINDOW: i64 = 1;

/// The secret that an app and the service share: 160 random bits, as long as the digest (RFC 4226 section 4).
#[derive(Clone, ZeroizeOnDrop)]
pub struct Seed([u8; 20]);

impl Seed {
    /// A fresh one.
    #[must_use]
    pub fn new(entropy: Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// Reads one that was opened.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes, for sealing them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As apps take it (RFC 4648 section 6).
    #[must_use]
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// The steps around `now` whose code this is.
    pub fn steps(&self, code: &Code, now: i64) -> impl Iterator<Item = i64> {
        (now - WINDOW..=now + WINDOW).filter(|step| hotp(&self.0, step.cast_unsigned()) % 1_000_000 == code.0)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// HMAC-SHA-1 of a counter, truncated to 31 bits (RFC 4226 section 5.3).
fn hotp(seed: &[u8], counter: u64) -> u32 {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(seed).expect("HMAC takes every key");
    mac.update(&counter.to_be_bytes());
    let mut digest: [u8; 20] = mac.finalize().into_bytes().into();
    let at = usize::from(digest[19] & 0xf);
    let truncated = u32::from_be_bytes([digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]]);
    digest.zeroize();
    truncated
}

/// Six digits as somebody typed them.
#[derive(ZeroizeOnDrop)]
pub struct Code(u32);

impl Code {
    /// Reads them with the spaces and dashes that apps show between them, and in the full width of East
    /// Asian keyboards.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let typed = text.chars().filter(|c| !c.is_whitespace() && !is_dash(*c));
        let (mut value, mut digits) = (0, 0);
        for c in typed {
            let digit = match c {
                '０'..='９' => u32::from(c) - u32::from('０'),
                _ => c.to_digit(10)?,
            };
            digits += 1;
            if digits > 6 {
                return None;
            }
            value = value * 10 + digit;
        }
        (digits == 6).then_some(Self(value))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4226_appendix_d() {
        let truncated = [
            1_284_755_224,
            1_094_287_082,
            137_359_152,
            1_726_969_429,
            1_640_338_314,
            868_254_676,
            1_918_287_922,
            82_162_583,
            673_399_871,
            645_520_489,
        ];
        let codes = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (counter, (truncated, code)) in (0..).zip(truncated.into_iter().zip(codes)) {
            assert_eq!(hotp(b"12345678901234567890", counter), truncated);
            assert_eq!(truncated % 1_000_000, code);
        }
    }

    #[test]
    fn rfc_6238_appendix_b() {
        for (time, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(hotp(b"12345678901234567890", time / 30) % 100_000_000, code, "{time}");
        }
    }

    #[test]
    fn rfc_4648_section_10() {
        let vectors =
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")];
        for (text, encoded) in vectors.into_iter().chain([("foobar", "MZXW6YTBOI")]) {
            assert_eq!(BASE32_NOPAD.encode(text.as_bytes()), encoded);
        }
        let seed = Seed::read(b"12345678901234567890").expect("a seed");
        assert_eq!(*seed.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn asvs_6_5_5_the_step_before_and_the_one_after_count_and_no_other() {
        let seed = Seed::read(b"12345678901234567890").expect("a seed");
        // The fourth of RFC 4226: the code of counter 3.
        let code = Code::parse("969429").expect("a code");
        let taken: Vec<_> = (0..8).map(|now| seed.steps(&code, now).collect::<Vec<_>>()).collect();
        assert_eq!(taken, [vec![], vec![], vec![3], vec![3], vec![3], vec![], vec![], vec![]]);
    }

    #[test]
    fn asvs_6_5_2_a_seed_has_160_bits_and_is_never_printed() {
        let seed = Seed::new(Entropy);
        assert_eq!((seed.as_bytes().len() * 8, seed.base32().len()), (160, 32));
        assert_eq!(format!("{seed:?} {:?}", Code::parse("000000")), "Seed(..) Some(Code(..))");
        assert_eq!(Seed::read(&[0; 19]).map(|_| ()), None);
    }

    #[test]
    fn a_code_is_read_however_a_person_types_it() {
        let read = |text: &str| Code::parse(text).map(|code| code.0);
        for text in
            ["012345", "012 345", " 012345 ", "012-345", "0 1 2 3 4 5", "０１２３４５", "012\u{3000}345", "012–345"]
        {
            assert_eq!(read(text), Some(12_345), "{text}");
        }
        for text in [
            "",
            " ",
            "12345",
            "1234567",
            "12345a",
            "-12345",
            "+12345",
            "0x1234",
            "１２３４５",
            "12345\u{0}",
            "１２３４５六",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"1".repeat(30_000)), None);
    }
}
