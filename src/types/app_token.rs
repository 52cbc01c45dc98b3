//! Bearer secrets of apps: codes, tokens and client secrets.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{TokenDigest, random_bytes};

/// What a secret is for. Each kind has a prefix of its own: secret scanners find a leaked one, and none passes for
/// another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenKind {
    /// An authorization code.
    Code,
    /// An opaque access token.
    Access,
    /// A refresh token.
    Refresh,
    /// A client secret.
    Secret,
}

impl TokenKind {
    /// The prefix of its text.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "vc_",
            Self::Access => "va_",
            Self::Refresh => "vr_",
            Self::Secret => "vs_",
        }
    }
}

/// The number of characters behind the prefix: 256 bits of base64url (RFC 4648 section 5).
const LENGTH: usize = 43;

/// A bearer secret of 256 random bits: a prefix and 43 characters of base64url. Only unreserved characters (RFC 3986),
/// so that it is the same with and without percent-encoding.
///
/// Its `Debug` prints nothing, and its text is zeroized on drop.
#[derive(Clone, derive_more::Debug)]
#[debug("AppToken(..)")]
pub struct AppToken {
    text: Zeroizing<String>,
}

impl AppToken {
    /// Generates a new secret.
    pub fn random(kind: TokenKind) -> Self {
        Self::of(kind, &random_bytes())
    }

    /// A secret made of these bytes, which the caller has drawn.
    pub fn of(kind: TokenKind, bytes: &[u8; 32]) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(kind.prefix().len() + LENGTH));
        text.push_str(kind.prefix());
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        Self { text }
    }

    /// Parses a secret of this kind. There is one spelling.
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let encoded = text.strip_prefix(kind.prefix()).filter(|encoded| encoded.len() == LENGTH)?;
        let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok()?;
        (length == bytes.len()).then(|| Self { text: Zeroizing::new(text.to_owned()) })
    }

    /// The text, for the response that carries it and nothing else.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The last four characters, by which an operator tells two secrets apart.
    pub fn hint(&self) -> &str {
        &self.text[self.text.len() - 4..]
    }

    /// The digest that the database stores.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_28_a_token_has_one_spelling() {
        for kind in [TokenKind::Code, TokenKind::Access, TokenKind::Refresh, TokenKind::Secret] {
            let token = AppToken::random(kind);
            let text = token.reveal();
            assert_eq!(text.len(), 46);
            assert_eq!(AppToken::parse(kind, text).map(|token| token.digest()), Some(token.digest()));
            let wrong = [
                text[..45].to_owned(),
                format!("{text}="),
                format!("{text} "),
                text.to_uppercase(),
                text.replacen('_', "-", 1),
                String::new(),
                // The unused bits of the last character are not zero.
                format!("{}{}", &text[..45], "B"),
            ];
            for wrong in wrong {
                assert!(AppToken::parse(kind, &wrong).is_none(), "{wrong}");
            }
        }
    }

    #[test]
    fn row_29_a_token_of_one_kind_is_none_of_another() {
        let code = AppToken::random(TokenKind::Code);
        for kind in [TokenKind::Access, TokenKind::Refresh, TokenKind::Secret] {
            assert!(AppToken::parse(kind, code.reveal()).is_none());
        }
        assert_eq!(format!("{code:?}"), "AppToken(..)");
    }
}
