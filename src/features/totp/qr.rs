//! What an app reads off the screen.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcodegen::{QrCode, QrCodeEcc};
use serde::Serialize;
use zeroize::Zeroizing;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The white that a reader needs around it, in modules (ISO/IEC 18004).
const QUIET: i32 = 4;

/// The address by which apps take a key: who issued it, whose it is, the key. What apps take for granted
/// is said as well.
#[must_use]
pub fn otpauth(issuer: &str, username: &str, key: &str) -> Zeroizing<String> {
    // Apps part the two at the colon.
    let issuer = issuer.replace(':', " ");
    let (issuer, account) = (utf8_percent_encode(issuer.trim(), RESERVED), utf8_percent_encode(username, RESERVED));
    let parameters = format!("secret={key}&issuer={issuer}&algorithm=SHA1&digits=6&period=30");
    Zeroizing::new(format!("otpauth://totp/{issuer}:{account}?{parameters}"))
}

/// A QR code as one path of SVG, in modules.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Picture {
    /// Its width and its height.
    pub size: i32,
    /// What is dark.
    pub path: String,
}

impl Picture {
    /// Draws a text; nothing for one that no code can hold.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let size = code.size();
        let mut path = String::new();
        for y in 0..size {
            let mut x = 0;
            while x < size {
                let begin = x;
                while x < size && code.get_module(x, y) {
                    x += 1;
                }
                if x > begin {
                    write!(path, "M{} {}h{}v1H{}z", begin + QUIET, y + QUIET, x - begin, begin + QUIET).ok()?;
                }
                x += 1;
            }
        }
        Some(Self { size: size + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_learns_who_issued_the_key_and_whose_it_is() {
        let address = otpauth("Héllo: a & b", "min.ji", "GEZDGNBV");
        let name = "H%C3%A9llo%20%20a%20%26%20b";
        let parameters = format!("secret=GEZDGNBV&issuer={name}&algorithm=SHA1&digits=6&period=30");
        assert_eq!(*address, format!("otpauth://totp/{name}:min.ji?{parameters}"));
    }

    #[test]
    fn a_picture_has_its_three_finders_and_white_around_it() {
        let picture = Picture::of("otpauth://totp/a:b?secret=GEZDGNBV").expect("a picture");
        // Version 3: 29 modules, 4 of white on each side.
        assert_eq!(picture.size, 37);
        assert!(picture.path.starts_with("M4 4h7v1H4z") && picture.path.contains("M26 4h7v1H26z"));
        assert!(picture.path.contains("M4 26h7v1H4z") && !picture.path.contains("M3 "));
        assert!(Picture::of(&"a".repeat(5000)).is_none());
    }
}
