//! RFC 6238 over RFC 4226, as apps implement it: SHA-1, six digits, thirty seconds. The time is always an argument.

use data_encoding::BASE32_NOPAD;
use derive_more::Debug;
use hmac::{Hmac, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::types::{is_invisible, random_bytes};

/// The time step in seconds.
pub const STEP: i64 = 30;
/// How many steps before and after the current one are accepted, for clock skew and slow typing (ASVS 6.5.5).
const WINDOW: i64 = 1;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The secret that an app and the service share: 160 random bits, as long as the digest (RFC 4226 section 4).
#[derive(Clone, Debug, ZeroizeOnDrop)]
#[debug("Seed(..)")]
pub struct Seed(pub(super) [u8; 20]);

impl Seed {
    /// Generates a seed.
    pub fn random() -> Self {
        Self(random_bytes())
    }

    /// Converts decrypted bytes.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes to encrypt.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Base32, the format that apps accept (RFC 4648 section 6).
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// The `otpauth` URI for apps, with issuer and username. It spells out the parameters that apps assume by default.
    pub fn otpauth(&self, issuer: &str, username: &str) -> Zeroizing<String> {
        // Apps split the two at the colon.
        let issuer = issuer.replace(':', " ");
        let (issuer, user) = (utf8_percent_encode(issuer.trim(), RESERVED), utf8_percent_encode(username, RESERVED));
        let parameters = format!("secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30", *self.base32());
        Zeroizing::new(format!("otpauth://totp/{issuer}:{user}?{parameters}"))
    }

    /// The accepted steps around the step `now` that have this code.
    pub fn steps(&self, code: &Code, now: i64) -> impl Iterator<Item = i64> {
        (now - WINDOW..=now + WINDOW).filter(|step| hotp(&self.0, step.cast_unsigned()) % 1_000_000 == code.0)
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

/// A six-digit code as a number.
#[derive(Debug, ZeroizeOnDrop)]
#[debug("Code(..)")]
pub struct Code(u32);

impl Code {
    /// Parses six digits, ignoring the spaces and dashes that apps show. Accepts full-width digits of East Asian
    /// keyboards.
    pub fn parse(text: &str) -> Option<Self> {
        let between =
            |c: &char| is_invisible(*c) || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}');
        let mut digits = text.chars().filter(|c| !between(c)).map(|c| match c {
            '０'..='９' => Some(u32::from(c) - u32::from('０')),
            _ => c.to_digit(10),
        });
        let mut value = 0;
        for _ in 0..6 {
            value = value * 10 + digits.next()??;
        }
        digits.next().is_none().then_some(Self(value))
    }
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
    fn an_app_learns_who_issued_the_key_and_whose_it_is() {
        let seed = Seed::read(b"12345678901234567890").expect("a seed");
        let name = "H%C3%A9llo%20%20a%20%26%20b";
        let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let parameters = format!("secret={key}&issuer={name}&algorithm=SHA1&digits=6&period=30");
        assert_eq!(*seed.otpauth("Héllo: a & b", "min.ji"), format!("otpauth://totp/{name}:min.ji?{parameters}"));
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
        let seed = Seed::random();
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
