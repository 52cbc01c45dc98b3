//! Keys of each algorithm, and tokens with any header and payload under a right signature.

use std::{sync::LazyLock, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaEncoding, RsaKeyPair,
    },
};
use serde_json::{Value, json};
use vestibule_jose::{Algorithm, Audience, Claims, Expect, KeySet, Pkcs8, Refused, SigningKey, Typ, verify};

pub const ISSUER: &str = "https://id.example";
pub const NOW: i64 = 1_800_000_000;

/// A key that signs anything.
pub struct Forger {
    pub algorithm: Algorithm,
    pub key: SigningKey,
    pub pkcs8: Pkcs8,
}

/// One for each algorithm, in the order of [`Algorithm::ALL`].
pub static FORGERS: LazyLock<[Forger; 3]> = LazyLock::new(|| Algorithm::ALL.map(Forger::new));

pub fn forger(algorithm: Algorithm) -> &'static Forger {
    FORGERS.iter().find(|forger| forger.algorithm == algorithm).unwrap()
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

impl Forger {
    pub fn new(algorithm: Algorithm) -> Self {
        let (key, pkcs8) = SigningKey::generate(algorithm).unwrap();
        Self { algorithm, key, pkcs8 }
    }

    pub fn keys(&self) -> KeySet {
        KeySet::new([self.key.public().clone()]).unwrap()
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self.algorithm {
            Algorithm::RS256 => self.sign_rsa(&RSA_PKCS1_SHA256, message),
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8, &random).unwrap();
                pair.sign(&random, message).unwrap().as_ref().to_vec()
            }
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8(&self.pkcs8).unwrap().sign(message).as_ref().to_vec(),
        }
    }

    pub fn sign_rsa(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let pair = RsaKeyPair::from_pkcs8(&self.pkcs8).unwrap();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    /// A token of these very texts.
    pub fn token(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let signed = format!("{}.{}", b64(header), b64(payload));
        let signature = self.sign(signed.as_bytes());
        format!("{signed}.{}", b64(signature))
    }

    pub fn header(&self) -> Value {
        json!({ "alg": self.algorithm, "kid": self.key.public().kid(), "typ": "JWT" })
    }

    /// A good header with members changed; null removes one.
    pub fn with_header(&self, changes: Value) -> String {
        self.token(changed(self.header(), changes).to_string(), claims().to_string())
    }

    /// Good claims with members changed; null removes one.
    pub fn with_claims(&self, changes: Value) -> String {
        self.token(self.header().to_string(), changed(claims(), changes).to_string())
    }

    pub fn honest(&self) -> String {
        self.with_claims(json!({}))
    }

    /// What comes of a token that pretends to be this key's.
    pub fn verify(&self, token: &str) -> Result<Claims, Refused> {
        verify(token, &self.keys(), &expect())
    }
}

pub fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": "app", "sub": "alice", "iat": NOW - 10, "exp": NOW + 600 })
}

fn changed(mut object: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("not an object") };
    for (name, value) in changes {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(&name);
        } else {
            object[name] = value;
        }
    }
    object
}

pub fn expect() -> Expect<'static> {
    Expect {
        typ: Typ::Jwt,
        algorithms: &Algorithm::ALL,
        issuer: ISSUER,
        audience: Audience::Includes("app"),
        now: NOW,
        leeway: Duration::from_secs(5),
        max_age: None,
    }
}
