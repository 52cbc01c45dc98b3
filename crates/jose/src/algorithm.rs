//! The names that a header carries: `alg` and `typ`.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

/// A signature algorithm (RFC 7518 section 3, RFC 8037 section 3.1). Names are compared exactly.
#[derive(
    Clone, Copy, Debug, Deserialize, Display, EnumString, Eq, Hash, IntoStaticStr, Ord, PartialEq, PartialOrd, Serialize,
)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256; keys of 2048 to 4096 bits.
    RS256,
    /// ECDSA with P-256 and SHA-256; the signature is `r` and `s`, 32 bytes each.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::RS256, Self::ES256, Self::EdDSA];

    /// The name in `alg`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What a token is for, as its `typ` says (RFC 8725 section 3.11), so that no kind passes for another.
#[derive(Clone, Copy, Debug, Display, Eq, Hash, IntoStaticStr, PartialEq)]
pub enum Typ {
    /// `JWT`: an ID token or a client assertion. Others often leave it out, so a token without `typ` is one of these.
    #[strum(serialize = "JWT")]
    Jwt,
    /// `at+jwt`: an access token (RFC 9068).
    #[strum(serialize = "at+jwt")]
    AccessToken,
    /// `logout+jwt`: a logout token (OpenID Connect Back-Channel Logout 1.0).
    #[strum(serialize = "logout+jwt")]
    LogoutToken,
}

impl Typ {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Jwt, Self::AccessToken, Self::LogoutToken];

    /// The text in `typ`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns whether a header's `typ` names this kind: a media type without regard to case, whose `application/` may
    /// be left out (RFC 7515 section 4.1.9).
    pub(crate) fn is_named_by(self, typ: Option<&str>) -> bool {
        const PREFIX: &str = "application/";
        let Some(typ) = typ else { return self == Self::Jwt };
        let short = match typ.split_at_checked(PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
            _ => typ,
        };
        short.eq_ignore_ascii_case(self.name())
    }
}
