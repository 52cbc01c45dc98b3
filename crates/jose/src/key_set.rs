//! The public keys of one issuer.

use serde::Serialize;
use serde_json::Value;

use super::{Algorithm, InvalidKey, MAX_KEY_SET, MAX_KEYS, PublicJwk, json};

/// The public keys of **one** issuer (or of one client), as published under `/oauth/jwks`.
///
/// Never put the keys of two issuers into one set: each could then sign for the other.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct KeySet {
    keys: Vec<PublicJwk>,
}

impl KeySet {
    /// A set of these keys. No two may have the same `kid` and algorithm.
    pub fn new(keys: impl IntoIterator<Item = PublicJwk>) -> Result<Self, InvalidKey> {
        let mut set = Self::default();
        for key in keys {
            set.add(key)?;
        }
        Ok(set)
    }

    /// Reads a JWK set (RFC 7517 section 5). Skips keys for other uses, algorithms and types, and refuses the whole
    /// set over a private, weak or malformed one: its issuer has lost a secret or publishes something else.
    ///
    /// Certificates and addresses in a key (`x5c`, `x5u`) are ignored.
    pub fn parse(json: &str) -> Result<Self, InvalidKey> {
        if json.len() > MAX_KEY_SET {
            return Err(InvalidKey::TooLarge);
        }
        let members = json::object(json.as_bytes()).map_err(|_| InvalidKey::Malformed)?;
        let Some(Value::Array(keys)) = members.get("keys") else { return Err(InvalidKey::Malformed) };
        if keys.len() > MAX_KEYS {
            return Err(InvalidKey::TooLarge);
        }
        let mut set = Self::default();
        for key in keys {
            match PublicJwk::from_members(key.as_object().ok_or(InvalidKey::Malformed)?) {
                Ok(key) => set.add(key)?,
                Err(InvalidKey::Unsupported) => {}
                Err(invalid) => return Err(invalid),
            }
        }
        Ok(set)
    }

    fn add(&mut self, key: PublicJwk) -> Result<(), InvalidKey> {
        if self.keys.len() == MAX_KEYS {
            return Err(InvalidKey::TooLarge);
        }
        if self.find(key.algorithm(), Some(key.kid())).is_some() {
            return Err(InvalidKey::DuplicateKid);
        }
        self.keys.push(key);
        Ok(())
    }

    /// The keys, in the order of the set.
    pub fn keys(&self) -> &[PublicJwk] {
        &self.keys
    }

    /// The key of that name and algorithm. Without a name, the only key of the algorithm (OpenID Connect Core 10.1).
    pub(crate) fn find(&self, algorithm: Algorithm, kid: Option<&str>) -> Option<&PublicJwk> {
        let mut fitting = self.keys.iter().filter(|key| key.algorithm() == algorithm);
        match kid {
            Some(kid) => fitting.find(|key| key.kid() == kid),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}
