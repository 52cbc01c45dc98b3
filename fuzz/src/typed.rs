//! What people type into fields.

use std::str::FromStr as _;

use super::text;
use unicode_normalization::UnicodeNormalization as _;
use url::Host;
use vestibule::types::{DisplayName, Email, PasswordPolicy, PlainPassword, Username};

/// A username is what it says it is, and stays so when it is read again.
pub fn username(data: &[u8]) {
    let Some(Ok(name)) = text(data).map(Username::parse) else { return };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c);
    assert!(name.as_str().chars().all(allowed), "{name:?}");
    assert!((Username::MIN..=Username::MAX).contains(&name.as_str().len()), "{name:?}");
    assert_eq!(Username::parse(name.as_str()), Ok(name.clone()));
    assert_eq!(Username::parse(&name.as_str().to_uppercase()), Ok(name));
}

/// An address is one mailbox of one host to everybody who reads it, in one line of ASCII, and its
/// canonical spelling is its own canonical spelling.
pub fn email(data: &[u8]) {
    let Some(Ok(email)) = text(data).map(Email::parse) else { return };
    for spelling in [email.as_str(), email.canonical()] {
        assert!(spelling.bytes().all(|b| b.is_ascii_graphic()), "{spelling:?}");
        assert!(spelling.len() <= Email::MAX);
        let (local, domain) = spelling.split_once('@').expect("an at sign");
        assert!(!local.is_empty() && !domain.contains('@'));
        // As browsers read the host, it is a name and no address, and it is spelled as we spell it.
        assert_eq!(Host::parse(domain), Ok(Host::Domain(domain.to_owned())));
        // As the mail library reads it: else its letter would never leave.
        let address = lettre::Address::from_str(spelling).unwrap_or_else(|error| panic!("{spelling:?}: {error}"));
        assert_eq!((address.user(), address.domain()), (local, domain));
        let again = Email::parse(spelling).expect("its own spelling");
        assert_eq!((again.canonical(), again.as_str()), (email.canonical(), spelling));
    }
    assert!(email.as_str().eq_ignore_ascii_case(email.canonical()));
}

/// A name to be shown has nothing that hides, reorders or breaks a line, and stays as it is.
pub fn display_name(data: &[u8]) {
    let Some(Ok(Some(name))) = text(data).map(DisplayName::parse) else { return };
    let shown = name.as_str();
    assert!(!shown.is_empty() && shown.chars().count() <= DisplayName::MAX, "{shown:?}");
    let hides = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{feff}';
    assert!(!shown.chars().any(hides), "{shown:?}");
    assert_eq!(DisplayName::parse(shown), Ok(Some(name.clone())), "{shown:?}");
}

/// What was chosen as a password can be presented, in each of its spellings, and is the same then.
pub fn password(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let presented = PlainPassword::presented(text);
    for min in [1, 8, 12, 64] {
        let Ok(chosen) = PlainPassword::chosen(text, PasswordPolicy { min }) else { continue };
        let presented = presented.as_ref().expect("what was chosen can be presented");
        assert_eq!(chosen.as_bytes(), presented.as_bytes());
        let normal = std::str::from_utf8(chosen.as_bytes()).expect("text");
        let length = normal.chars().count();
        assert!((min..=PlainPassword::MAX).contains(&length), "{length}");
        assert!(!normal.contains('\0'));
        assert!(normal.nfc().eq(normal.chars()));
        let again = PlainPassword::presented(normal).expect("its normal form");
        assert_eq!(again.as_bytes(), chosen.as_bytes());
    }
}
