//! Secrets that a browser or a mail carries, and the digests that the database keeps of them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use zeroize::ZeroizeOnDrop;

use super::Entropy;

/// A bearer secret of 128 random bits, shown as 22 characters of base64url (RFC 4648 section 5).
///
/// Its `Debug` prints nothing, and its bytes are wiped when it goes.
#[derive(Clone, Eq, PartialEq, ZeroizeOnDrop)]
pub struct SecretToken([u8; 16]);

impl SecretToken {
    /// A fresh secret.
    #[must_use]
    pub fn new(entropy: Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// Reads a secret back; `None` for anything that [`SecretToken::reveal`] cannot have written.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (length == bytes.len()).then_some(Self(bytes))
    }

    /// The secret as text, for the cookie or the link that carries it and for nothing else.
    #[must_use]
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The raw bytes, for stores that encode them in their own way.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// What the database keeps of this secret.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(..)")
    }
}

/// SHA-256 of a [`SecretToken`]. With 128 random bits behind it, a plain digest cannot be guessed
/// back; a reader of the database holds nothing that opens an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TokenDigest(pub [u8; 32]);

impl TokenDigest {
    /// The digest's bytes, as bound to a query.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_round_trip_and_nothing_else_is_one() {
        let token = SecretToken::new(Entropy);
        assert_eq!(SecretToken::parse(&token.reveal()), Some(token.clone()));
        for wrong in ["", "short", "******", &format!("{}A", token.reveal()), "é"] {
            assert_eq!(SecretToken::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "SecretToken(..)");
    }
}
