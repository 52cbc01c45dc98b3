//! Proof Key for Code Exchange (RFC 7636), with S256 only.

use sha2::{Digest as _, Sha256};

/// Returns whether a code with this challenge may be taken with this verifier. A code without a challenge takes none,
/// and a verifier needs a challenge (RFC 9700 section 2.1.1): otherwise somebody has removed one of them.
pub fn fits(challenge: Option<&[u8]>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => is_verifier(verifier) && Sha256::digest(verifier)[..] == *challenge,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Returns whether a text has the form of a verifier (RFC 7636 section 4.1).
fn is_verifier(text: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_8_a_verifier_fits_its_challenge_and_nothing_else() {
        // RFC 7636 appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = Sha256::digest(verifier);
        let challenge = challenge.as_slice();
        assert!(fits(Some(challenge), Some(verifier)));
        assert!(fits(None, None));
        assert!(!fits(Some(challenge), None));
        assert!(!fits(None, Some(verifier)));
        for wrong in ["", &verifier[1..], &verifier.to_lowercase(), &format!("{verifier}A")] {
            assert!(!fits(Some(challenge), Some(wrong)), "{wrong}");
        }
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for (length, fits_in) in [(42, false), (43, true), (128, true), (129, false)] {
            let verifier = "~".repeat(length);
            assert_eq!(fits(Some(&Sha256::digest(&verifier)), Some(&verifier)), fits_in, "{length}");
        }
        for odd in ['+', '/', '=', ' ', '\0', 'é', '%'] {
            let verifier = odd.to_string().repeat(64);
            assert!(!fits(Some(&Sha256::digest(&verifier)), Some(&verifier)), "{odd:?}");
        }
    }
}
