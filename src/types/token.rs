//! Bearer secrets in cookies and email links, and the digests stored in the database.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use zeroize::ZeroizeOnDrop;

use super::random_bytes;

/// A bearer secret of 128 random bits, encoded as 22 characters of base64url (RFC 4648 section 5).
///
/// Its `Debug` prints nothing, and its bytes are zeroized on drop.
#[derive(Clone, derive_more::Debug, Eq, PartialEq, ZeroizeOnDrop)]
#[debug("SecretToken(..)")]
pub struct SecretToken([u8; 16]);

impl SecretToken {
    /// Generates a new secret.
    pub fn random() -> Self {
        Self(random_bytes())
    }

    /// A secret of these bytes, which the caller has generated.
    pub const fn of(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Parses a secret encoded by [`SecretToken::reveal`].
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (length == bytes.len()).then_some(Self(bytes))
    }

    /// Parses a secret from an emailed link. Ignores punctuation of the surrounding sentence after it; rejects any
    /// other damage.
    pub fn mailed(text: &str) -> Option<Self> {
        Self::parse(text.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '>', '"', '\'', ' ']))
    }

    /// Encodes the secret as text, for the cookie or link that carries it and nothing else.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The raw bytes, for stores with another encoding.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// A digest with which a form refers to this secret without revealing it. Differs from the stored digest.
    pub fn mark(&self) -> String {
        let digest = Sha256::new().chain_update("the secret a form is about").chain_update(self.0).finalize();
        URL_SAFE_NO_PAD.encode(&digest[..16])
    }

    /// The digest that the database stores.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.0)
    }
}

/// SHA-256 of a [`SecretToken`]. With 128 random bits, a plain digest cannot be reversed, so read access to the
/// database opens no account.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TokenDigest(pub [u8; 32]);

impl TokenDigest {
    /// The digest of a secret with at least 125 random bits.
    pub fn of(secret: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// The digest's bytes, as bound to a query.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_round_trip_and_nothing_else_is_one() {
        let token = SecretToken::random();
        assert_eq!(SecretToken::parse(&token.reveal()), Some(token.clone()));
        for wrong in ["", "short", "******", &format!("{}A", token.reveal()), "é"] {
            assert_eq!(SecretToken::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "SecretToken(..)");
    }
}
