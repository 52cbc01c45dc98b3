//! Misspelt domains of email addresses.

use strsim::osa_distance;

use super::Email;

/// Domains that many people use. A domain one slip away from one of them is probably a misspelling.
const COMMON: [&str; 20] = [
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "hotmail.co.uk",
    "live.com",
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.co.jp",
    "icloud.com",
    "proton.me",
    "protonmail.com",
    "fastmail.com",
    "naver.com",
    "hanmail.net",
    "daum.net",
    "kakao.com",
    "nate.com",
    "web.de",
    "orange.fr",
];
/// Domains that look like a slip and are none.
const OTHERS: [&str; 17] = [
    "mail.com",
    "email.com",
    "ymail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "hotmail.fr",
    "hotmail.de",
    "yahoo.de",
    "yahoo.fr",
    "yahoo.ca",
    "live.co.uk",
    "live.de",
    "live.fr",
    "love.com",
    "proton.ch",
    "date.com",
];

impl Email {
    /// The address that was probably meant, if the domain is one slip away from a common one: one character too many, too few,
    /// or wrong, or two in the wrong order. A hint and never a refusal.
    pub fn suggestion(&self) -> Option<String> {
        let (local, domain) = self.as_str().split_once('@')?;
        if COMMON.contains(&domain) || OTHERS.contains(&domain) {
            return None;
        }
        let meant = COMMON.into_iter().find(|common| osa_distance(domain, common) == 1)?;
        Some(format!("{local}@{meant}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(typed: &str) -> Option<String> {
        Email::parse(typed).expect("an address").suggestion()
    }

    #[test]
    fn field_3_a_slip_in_a_common_domain_is_seen() {
        for (typed, meant) in [
            ("Min.Ji@gmial.com", "Min.Ji@gmail.com"),
            ("minji@gmail.co", "minji@gmail.com"),
            ("minji@gamil.com", "minji@gmail.com"),
            ("minji@naver.con", "minji@naver.com"),
            ("minji@nave.com", "minji@naver.com"),
            ("minji@hanmial.net", "minji@hanmail.net"),
            ("minji@outlok.com", "minji@outlook.com"),
            ("minji@hotnail.com", "minji@hotmail.com"),
            ("minji@yahoo.co.k", "minji@yahoo.co.uk"),
        ] {
            assert_eq!(suggested(typed).as_deref(), Some(meant), "{typed}");
        }
    }

    #[test]
    fn a_domain_that_is_right_or_unlike_any_is_left_alone() {
        for typed in COMMON.into_iter().chain(OTHERS).chain(["example.com", "gmail.example.com", "navigator.com"]) {
            assert_eq!(suggested(&format!("minji@{typed}")), None, "{typed}");
        }
    }
}
