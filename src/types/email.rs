//! Email addresses: the spelling used for delivery and the canonical one used for uniqueness.

use serde::Serialize;

use super::{is_invisible, trimmed};

/// One mailbox, as typed and in its canonical spelling.
///
/// Accepts the dot-string form of RFC 5321 section 4.1.2 with an ASCII local part. Quoted local parts and look-alike
/// characters have led to account takeover (CVE-2019-19844, GHSA-5jpx-9hw9-2fx4). Domains may be international; the
/// canonical form is their ASCII spelling (IDNA, UTS #46).
#[derive(Clone, derive_more::Debug, Eq, PartialEq)]
#[debug("Email(..)")]
pub struct Email {
    typed: String,
    canonical: String,
}

/// Why a text is not an e-mail address we accept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum EmailError {
    /// Nothing was typed.
    #[error("an email address is missing")]
    Missing,
    /// Not of the accepted form.
    #[error("this is not an email address")]
    Invalid,
    /// An invisible character within it, as pasted text may have.
    #[error("an email address has no invisible characters")]
    Invisible,
    /// Longer than the 254 bytes of a forward path (RFC 5321 section 4.5.3.1.3).
    #[error("an email address has at most 254 characters")]
    TooLong,
}

impl Email {
    /// Maximum length in bytes, in either spelling.
    pub const MAX: usize = 254;
    const LOCAL_MAX: usize = 64;

    /// Checks a typed address, ignoring what is invisible around it.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = trimmed(text);
        if text.is_empty() {
            return Err(EmailError::Missing);
        }
        if text.len() > Self::MAX {
            return Err(EmailError::TooLong);
        }
        // IDNA would remove some of them silently, and has its own rules for joiners in a domain.
        let is_joiner = |c| matches!(c, '\u{200c}' | '\u{200d}');
        if text.chars().any(|c| !c.is_ascii() && is_invisible(c) && !is_joiner(c)) {
            return Err(EmailError::Invisible);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::Invalid)?;
        if local.contains(is_joiner) {
            return Err(EmailError::Invisible);
        }
        if !is_dot_string(local) || local.len() > Self::LOCAL_MAX {
            return Err(EmailError::Invalid);
        }
        let ascii_domain = ascii_domain(domain).ok_or(EmailError::Invalid)?;
        let canonical = format!("{}@{ascii_domain}", local.to_ascii_lowercase());
        if canonical.len() > Self::MAX {
            return Err(EmailError::TooLong);
        }
        // The stored address keeps the local part's case, which RFC 5321 leaves to the receiving host, and the domain's
        // ASCII spelling, which has no look-alikes.
        Ok(Self { typed: format!("{local}@{ascii_domain}"), canonical })
    }

    /// The address used for delivery.
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The spelling that is unique among accounts.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

fn is_dot_string(local: &str) -> bool {
    let atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(atext))
}

/// Converts a domain to lower-case ASCII if it is a host name with at least two labels.
fn ascii_domain(domain: &str) -> Option<String> {
    // Characters that only look like an at sign or a dot must not move the boundary between local part and domain after
    // the split (GHSA-7rqj-j65f-68wh).
    if domain.contains(['@', '＠', '﹫', '%', '/', '\\', '[', ']', ':', ' ']) {
        return None;
    }
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let host_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let labels = ascii.split('.').count();
    (labels >= 2 && !ends_in_a_number(&ascii) && ascii.split('.').all(host_label)).then_some(ascii)
}

/// Returns whether browsers and resolvers read a host as an IPv4 address, in hexadecimal too: its last label is a
/// number (WHATWG URL, "ends in a number checker").
fn ends_in_a_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal || last.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cve_2019_19844_spellings_of_one_mailbox_are_one_address_or_none() {
        let mike = Email::parse("mike@example.com").expect("a good address");
        for same in ["MIKE@example.com", " mike@EXAMPLE.com ", "mike@example。com", "mike@ｅxample.com"] {
            assert_eq!(Email::parse(same).expect(same).canonical(), mike.canonical(), "{same}");
        }
        for other in [
            "mıke@example.com",
            "a＠evil@example.com",
            "\"mike@attacker.net\"@example.com",
            "a@b.com,c@d.com",
            "a@b@c.com",
            "a@b.com\nBcc: c@d.com",
            "a@b.com\r\nBcc: c@d.com",
            "mike\0@example.com",
            "mike@exam\0ple.com",
            "mike@",
            "@example.com",
            "mike",
            "mike@localhost",
            "mike@127.0.0.1",
            "mike@127.0.0.0x1",
            "mike@0x7f000001.0X",
            "mike@[127.0.0.1]",
            "mi..ke@example.com",
            ".mike@example.com",
            "mike@-example.com",
            "mike@example..com",
            "mike example@example.com",
            "<mike@example.com>",
        ] {
            assert_eq!(Email::parse(other), Err(EmailError::Invalid), "{other:?}");
        }
    }

    #[test]
    fn field_18_invisible_characters_are_trimmed_around_an_address_and_named_within() {
        for around in ["\u{a0}", "\u{feff}", "\u{200b}", "\u{200f}", "\u{2060}", "\u{ad}", "\t\n", "\u{3000}"] {
            let email = Email::parse(&format!("{around}anna@example.com{around}")).expect("an address");
            assert_eq!(email.as_str(), "anna@example.com");
        }
        for within in ["\u{a0}", "\u{feff}", "\u{200b}", "\u{200d}", "\u{2060}", "\u{ad}", "\u{3000}"] {
            assert_eq!(Email::parse(&format!("an{within}na@example.com")), Err(EmailError::Invisible), "{within:?}");
        }
        for within in ["\u{a0}", "\u{feff}", "\u{200b}", "\u{2060}", "\u{ad}", "\u{3000}"] {
            assert_eq!(Email::parse(&format!("anna@exam{within}ple.com")), Err(EmailError::Invisible), "{within:?}");
        }
        // A domain may need them, as many in Persian do.
        assert!(Email::parse("anna@نامه\u{200c}ای.example").is_ok());
        assert_eq!(Email::parse("anna@exam\u{200c}ple.com"), Err(EmailError::Invalid));
    }

    /// IDNA 2008 (RFC 5891 section 4.2.3.1) reserves "--" there for encodings to come, so no domain that is registered
    /// today has it but an encoded one.
    #[test]
    fn field_31_hyphens_in_third_and_fourth_place_are_refused() {
        assert_eq!(Email::parse("user@ab--cd.example.com"), Err(EmailError::Invalid));
        assert!(Email::parse("user@a-b--cd.example.com").is_ok());
        assert!(Email::parse("user@xn--3e0b707e.kr").is_ok());
    }

    #[test]
    fn international_domains_are_kept_in_ascii() {
        let email = Email::parse("kim@한국.kr").expect("a good address");
        assert_eq!(email.canonical(), "kim@xn--3e0b707e.kr");
        assert_eq!(email.as_str(), "kim@xn--3e0b707e.kr");
        assert_eq!(Email::parse("kim@xn--3e0b707e.kr").expect("its ASCII twin").canonical(), email.canonical());
    }

    #[test]
    fn canonical_addresses_stay_as_they_are() {
        for address in ["A.b+c@Example.Com", "x@y.zz", "o'hara@example.co.kr"] {
            let once = Email::parse(address).expect(address);
            let twice = Email::parse(once.canonical()).expect("its canonical form");
            assert_eq!(once.canonical(), twice.canonical());
        }
    }

    #[test]
    fn the_longest_address_has_254_bytes() {
        let domain = format!("{0}.{0}.{0}.com", "d".repeat(60));
        let fits = format!("{}@{domain}", "a".repeat(60));
        assert!(Email::parse(&fits).is_ok());
        assert_eq!(Email::parse(&format!("a{}@{domain}", "b".repeat(80))), Err(EmailError::TooLong));
    }
}
