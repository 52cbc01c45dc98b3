//! Signed tokens for an OpenID provider: JWS in its compact form (RFC 7515), public keys as JWK sets (RFC 7517, with
//! thumbprints of RFC 7638) and the claims of a JWT (RFC 7519), following the best practices of RFC 8725.
//!
//! [`SigningKey`] signs, [`KeySet`] holds the public keys of one issuer, [`verify`] checks a token against a key set
//! and what the caller [expects](Expect). There are three [algorithms](Algorithm), all asymmetric: no shared secret
//! and no `none` to confuse with them. Every signature is made and checked by ring, in constant time. The crate reads
//! no file, no clock and no network; its only input besides arguments is the operating system's random numbers.
//!
//! ```
//! use std::time::Duration;
//! use vestibule_jose::{Algorithm, Audience, Expect, KeySet, SigningKey, Typ, verify};
//!
//! let (key, _pkcs8_to_store) = SigningKey::generate(Algorithm::ES256)?;
//! let claims = serde_json::json!({ "iss": "https://id.example", "aud": "app", "sub": "alice", "iat": 1000, "exp": 1600 });
//! let token = key.sign(Typ::Jwt, &claims)?;
//!
//! let keys = KeySet::new([key.public().clone()])?;
//! let expect = Expect {
//!     typ: Typ::Jwt,
//!     algorithms: &[Algorithm::ES256],
//!     issuer: "https://id.example",
//!     audience: Audience::Includes("app"),
//!     now: 1200,
//!     leeway: Duration::from_secs(5),
//!     max_age: None,
//! };
//! assert_eq!(verify(&token, &keys, &expect)?.subject(), Some("alice"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod algorithm;
mod base64url;
mod claims;
mod json;
mod jwk;
mod jws;
mod key_set;
mod signing_key;
#[cfg(test)]
mod vectors;
mod verify;

pub use algorithm::{Algorithm, Typ};
pub use claims::Claims;
pub use jwk::{InvalidKey, PublicJwk};
pub use jws::Refused;
pub use key_set::KeySet;
pub use signing_key::{Pkcs8, SigningError, SigningKey};
pub use verify::{Audience, Expect, Hint, verify, verify_id_token_hint};

/// The longest token that is read or signed, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;
/// The longest header that is read, in characters of base64url.
pub const MAX_HEADER: usize = 1024;
/// The longest key set that is read, in bytes.
pub const MAX_KEY_SET: usize = 64 * 1024;
/// The most keys in a set, counting those that are skipped.
pub const MAX_KEYS: usize = 64;
/// The longest `kid`, in bytes.
pub const MAX_KID: usize = 256;
/// How deep objects and arrays may be nested in a header, in claims and in keys.
pub const MAX_DEPTH: usize = 16;
