//! Private keys, and tokens signed with them.

use std::fmt;

use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey as _, rand_core::UnwrapErr};
use serde::Serialize;
use thiserror::Error;
use zeroize::Zeroizing;

use super::{Algorithm, MAX_TOKEN, PublicJwk, Typ, base64url, json, jwk::Material};

/// ring is slower with longer ones by far, and 2048 bits are enough for a key that is replaced within months.
const RSA_BITS: usize = 2048;

/// A private key in PKCS#8 (RFC 5958), wiped when dropped.
pub type Pkcs8 = Zeroizing<Vec<u8>>;

/// Why nothing was signed, or why there is no key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SigningError {
    /// The key could not be created.
    #[error("cannot create a signing key")]
    Generation,
    /// The PKCS#8 is damaged, or of another algorithm, or an RSA key of a size that is not supported.
    #[error("the signing key is not a PKCS#8 key of its algorithm")]
    InvalidKey,
    /// The claims are not a JSON object, repeat a member, or are nested too deep.
    #[error("the claims are not an object that a verifier accepts")]
    InvalidClaims,
    /// The token would be longer than [`MAX_TOKEN`].
    #[error("the token would be too long")]
    TooLong,
    /// The signature could not be made.
    #[error("cannot sign")]
    Signature,
}

/// A private key that signs with one algorithm, and its public half.
///
/// ring neither shows nor wipes what it holds of the key; the bytes that this crate hands out are wiped.
pub struct SigningKey {
    pair: Pair,
    public: PublicJwk,
}

pub(crate) enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl SigningKey {
    /// Creates a key, and returns it with the bytes to store, sealed, for [`SigningKey::from_pkcs8`].
    ///
    /// An RSA key has 2048 bits and takes a large part of a second or more: call this where blocking is fine.
    ///
    /// # Panics
    ///
    /// For RSA, if the operating system has no random numbers.
    pub fn generate(algorithm: Algorithm) -> Result<(Self, Pkcs8), SigningError> {
        let random = SystemRandom::new();
        let pkcs8 = match algorithm {
            Algorithm::RS256 => rsa_pkcs8(),
            Algorithm::ES256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                .map(|document| document.as_ref().to_vec().into())
                .ok(),
            Algorithm::EdDSA => {
                Ed25519KeyPair::generate_pkcs8(&random).map(|document| document.as_ref().to_vec().into()).ok()
            }
        };
        let pkcs8: Pkcs8 = pkcs8.ok_or(SigningError::Generation)?;
        Ok((Self::from_pkcs8(algorithm, &pkcs8)?, pkcs8))
    }

    /// Reads a key that [`SigningKey::generate`] created. Other RSA keys are accepted from 2048 to 4096 bits, and
    /// others for Ed25519 if they hold their public key.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, SigningError> {
        let pair = match algorithm {
            Algorithm::RS256 => RsaKeyPair::from_pkcs8(pkcs8).map(Box::new).map(Pair::Rsa),
            Algorithm::ES256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new())
                .map(Box::new)
                .map(Pair::P256),
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8(pkcs8).map(Box::new).map(Pair::Ed25519),
        };
        Self::of(pair.map_err(|_| SigningError::InvalidKey)?)
    }

    pub(crate) fn of(pair: Pair) -> Result<Self, SigningError> {
        let material = match &pair {
            Pair::Rsa(pair) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                Material::rsa(n, e).map_err(|_| SigningError::InvalidKey)?
            }
            Pair::P256(pair) => Material::P256(pair.public_key().as_ref().to_vec()),
            Pair::Ed25519(pair) => Material::Ed25519(pair.public_key().as_ref().to_vec()),
        };
        Ok(Self { pair, public: PublicJwk::of(material) })
    }

    /// The public key, whose `kid` is its thumbprint.
    pub fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// Signs claims: a token in compact form, with `alg`, `kid` and `typ` in its header and nothing else.
    pub fn sign(&self, typ: Typ, claims: &impl Serialize) -> Result<String, SigningError> {
        let claims = serde_json::to_vec(claims).map_err(|_| SigningError::InvalidClaims)?;
        // A flattened map can repeat a claim of the struct around it, and verifiers would not agree on which counts.
        json::object(&claims).map_err(|_| SigningError::InvalidClaims)?;
        let (alg, kid) = (self.public.algorithm(), self.public.kid());
        let header = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{typ}"}}"#);
        let mut token = format!("{}.{}", base64url::encode(header), base64url::encode(claims));
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        token.push_str(&base64url::encode(signature));
        if token.len() > MAX_TOKEN { Err(SigningError::TooLong) } else { Ok(token) }
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map(|()| signature)
                    .map_err(|_| SigningError::Signature)
            }
            Pair::P256(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningError::Signature),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

/// Creates an RSA key. ring cannot; the `rsa` crate does this and never signs.
fn rsa_pkcs8() -> Option<Pkcs8> {
    let key = RsaPrivateKey::new(&mut UnwrapErr(getrandom::SysRng), RSA_BITS).ok()?;
    let document = key.to_pkcs8_der().ok()?;
    Some(document.as_bytes().to_vec().into())
}

/// Shows the name and the algorithm.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kid, algorithm) = (self.public.kid(), self.public.algorithm());
        f.debug_struct("SigningKey").field("kid", &kid).field("algorithm", &algorithm).finish_non_exhaustive()
    }
}
