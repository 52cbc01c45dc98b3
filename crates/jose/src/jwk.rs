//! One public key as a JWK (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).

use ring::{
    digest::{SHA256, digest},
    signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::{Algorithm, MAX_KEY_SET, MAX_KID, base64url, json as strict};

/// Members that only a private or symmetric key has (RFC 7518 sections 6.2 to 6.4).
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// A public key that checks signatures of one algorithm, under a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicJwk {
    kid: String,
    material: Material,
}

/// What the algorithm's mathematics needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Material {
    /// Modulus and exponent, big-endian without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// An uncompressed point: 4, `x`, `y`.
    P256(Vec<u8>),
    /// An encoded point.
    Ed25519(Vec<u8>),
}

/// Why a key or a set was not accepted.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum InvalidKey {
    /// The text is not a JWK, or not a set of them, or a member is missing, twice or not what it must be.
    #[error("the key is not a well-formed JWK")]
    Malformed,
    /// The key is for another use, or of an algorithm or type that is not supported. A set skips such keys.
    #[error("the key is not for RS256, ES256 or EdDSA signatures")]
    Unsupported,
    /// The key is private or symmetric. It was published by mistake and must not be used any more.
    #[error("the key has private members")]
    Private,
    /// The RSA modulus is not of 2048 to 4096 bits.
    #[error("the RSA key is not of 2048 to 4096 bits")]
    Size,
    /// Two keys of a set have the same `kid` and algorithm.
    #[error("two keys have the same kid")]
    DuplicateKid,
    /// The text or the number of keys is over the limit.
    #[error("the key set is too large")]
    TooLarge,
}

impl PublicJwk {
    /// Reads a key strictly. See [`InvalidKey`] for what is refused.
    ///
    /// A key without `kid` is named by its thumbprint. Whether a P-256 or Ed25519 point is on its curve shows when a
    /// signature is checked: nothing verifies with one that is not.
    pub fn parse(json: &str) -> Result<Self, InvalidKey> {
        if json.len() > MAX_KEY_SET {
            return Err(InvalidKey::TooLarge);
        }
        Self::from_members(&strict::object(json.as_bytes()).map_err(|_| InvalidKey::Malformed)?)
    }

    pub(crate) fn from_members(members: &Map<String, Value>) -> Result<Self, InvalidKey> {
        if PRIVATE.iter().any(|name| members.contains_key(*name)) {
            return Err(InvalidKey::Private);
        }
        let text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(InvalidKey::Malformed),
        };
        let bytes = |name: &str| text(name)?.and_then(base64url::decode).ok_or(InvalidKey::Malformed);
        let kty = text("kty")?.ok_or(InvalidKey::Malformed)?;
        let (alg, crv, kid) = (text("alg")?, text("crv")?, text("kid")?);
        if text("use")?.is_some_and(|usage| usage != "sig") || !may_verify(members)? {
            return Err(InvalidKey::Unsupported);
        }
        let algorithm = match (kty, crv) {
            ("RSA", None) => Algorithm::RS256,
            ("EC", Some("P-256")) => Algorithm::ES256,
            ("OKP", Some("Ed25519")) => Algorithm::EdDSA,
            ("EC" | "OKP", None) | ("RSA", Some(_)) => return Err(InvalidKey::Malformed),
            _ => return Err(InvalidKey::Unsupported),
        };
        if alg.is_some_and(|alg| alg != algorithm.name()) {
            return Err(InvalidKey::Unsupported);
        }
        let material = match algorithm {
            Algorithm::RS256 => Material::rsa(bytes("n")?, bytes("e")?)?,
            Algorithm::ES256 => Material::p256(&bytes("x")?, &bytes("y")?)?,
            Algorithm::EdDSA => Material::ed25519(bytes("x")?)?,
        };
        let mut key = Self::of(material);
        if let Some(kid) = kid {
            if kid.is_empty() || kid.len() > MAX_KID {
                return Err(InvalidKey::Malformed);
            }
            kid.clone_into(&mut key.kid);
        }
        Ok(key)
    }

    /// A key named by its thumbprint.
    pub(crate) fn of(material: Material) -> Self {
        let kid = material.thumbprint();
        Self { kid, material }
    }

    /// The key's name, unique among the keys of its issuer and algorithm.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The only algorithm that this key is used with.
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::RS256,
            Material::P256(_) => Algorithm::ES256,
            Material::Ed25519(_) => Algorithm::EdDSA,
        }
    }

    /// The SHA-256 thumbprint (RFC 7638) in base64url.
    pub fn thumbprint(&self) -> String {
        self.material.thumbprint()
    }

    /// Returns whether the signature is this key's.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let checked = match &self.material {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Material::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
        };
        checked.is_ok()
    }
}

/// Whether `key_ops`, if it is there, allows to verify (RFC 7517 section 4.3).
fn may_verify(members: &Map<String, Value>) -> Result<bool, InvalidKey> {
    match members.get("key_ops") {
        None => Ok(true),
        Some(Value::Array(operations)) => Ok(operations.iter().any(|operation| operation == "verify")),
        Some(_) => Err(InvalidKey::Malformed),
    }
}

impl Material {
    /// An RSA key of 2048 to 4096 bits, with an odd exponent from 3 to 33 bits, which is what ring works with.
    pub(crate) fn rsa(n: Vec<u8>, e: Vec<u8>) -> Result<Self, InvalidKey> {
        let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        let starts = |number: &[u8]| number.first().is_some_and(|byte| *byte != 0);
        let exponent = e.iter().fold(0_u64, |sum, byte| sum.saturating_mul(256).saturating_add((*byte).into()));
        let exponent_fits = starts(&e) && is_odd(&e) && (3..1 << 33).contains(&exponent);
        if !starts(&n) || !is_odd(&n) || !exponent_fits {
            return Err(InvalidKey::Malformed);
        }
        let leading_zeros = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
        if !(2048..=4096).contains(&(n.len() * 8 - leading_zeros)) {
            return Err(InvalidKey::Size);
        }
        Ok(Self::Rsa { n, e })
    }

    fn p256(x: &[u8], y: &[u8]) -> Result<Self, InvalidKey> {
        if x.len() != 32 || y.len() != 32 {
            return Err(InvalidKey::Malformed);
        }
        Ok(Self::P256([&[4], x, y].concat()))
    }

    fn ed25519(x: Vec<u8>) -> Result<Self, InvalidKey> {
        if x.len() == 32 { Ok(Self::Ed25519(x)) } else { Err(InvalidKey::Malformed) }
    }

    /// The members that make the key, and no others.
    fn required(&self) -> Map<String, Value> {
        let required = match self {
            Self::Rsa { n, e } => json!({ "kty": "RSA", "n": base64url::encode(n), "e": base64url::encode(e) }),
            Self::P256(point) => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(32).unwrap_or_default();
                json!({ "kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y) })
            }
            Self::Ed25519(point) => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url::encode(point) }),
        };
        match required {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// RFC 7638: the required members in the order of their names, without white space.
    fn thumbprint(&self) -> String {
        // Sorted here, because a feature of serde_json would keep the order above.
        let mut members: Vec<_> = self.required().into_iter().collect();
        members.sort_by(|a, b| a.0.cmp(&b.0));
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        base64url::encode(digest(&SHA256, format!("{{{}}}", members.join(",")).as_bytes()))
    }
}

/// The JWK with `kid`, `alg` and `use`.
impl Serialize for PublicJwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = self.material.required();
        members.insert("kid".to_owned(), self.kid.as_str().into());
        members.insert("alg".to_owned(), self.algorithm().name().into());
        members.insert("use".to_owned(), "sig".into());
        members.serialize(serializer)
    }
}
