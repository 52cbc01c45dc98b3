//! Encryption at rest, for data that the service must read again, such as the seeds of authenticator apps.
//!
//! Uses AES-256-GCM with a key per row, `HMAC-SHA-256(key, "row" and the row's id)`, so that nonce collisions across
//! rows are harmless. The IDs of the row and its owner are associated data: a ciphertext moved to another row or owner does
//! not decrypt. The stored format:
//!
//! ```text
//! version (1 byte) | id of the key (4) | nonce (12) | ciphertext and tag
//! ```
//!
//! The newest key encrypts, every configured key decrypts, so rotating `VESTIBULE_SECRET` locks nobody out.
//! A value for which [`SealingKeys::is_newest`] is false needs to be re-encrypted.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{config::Secrets, types::random_bytes};

/// The format version.
const VERSION: u8 = 1;
/// Length of the header (version and key ID), in bytes: `substring(sealed from 1 for 5)` in SQL.
pub const HEAD: usize = 5;
const NONCE: usize = 12;

/// The encryption keys, newest first.
#[derive(Clone)]
pub struct SealingKeys(Vec<SealingKey>);

#[derive(Clone)]
struct SealingKey {
    head: [u8; HEAD],
    secret: Zeroizing<[u8; 32]>,
}

/// Why a sealed value cannot be decrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// Encrypted with a key that is not configured.
    #[error("it was sealed with a key that is missing from VESTIBULE_SECRET")]
    UnknownKey,
    /// Corrupt, or sealed for another row.
    #[error("it is corrupt, or was sealed for another row")]
    Broken,
}

/// What the configured keys mean for what is stored.
#[must_use]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SealedWith {
    /// All of it is sealed with the newest key, or there is nothing.
    Newest,
    /// Some is still sealed with an older key, which must stay until it is not.
    Older,
    /// Some opens with none of the keys; these are the IDs of the missing keys, in hexadecimal digits.
    Shut(Vec<String>),
}

impl SealingKeys {
    /// Derives the keys from the configured secrets.
    pub fn derive(secrets: &Secrets) -> Self {
        Self(secrets.derive("seal").into_iter().map(|secret| SealingKey::new(Zeroizing::new(secret))).collect())
    }

    /// Returns an empty key ring, which decrypts nothing.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Encrypts for one row of one owner, such as an account, with the newest key. Returns `None` only without keys, or for gigabytes of
    /// input.
    pub fn seal(&self, owner: impl Into<Uuid>, row: Uuid, plain: &[u8]) -> Option<Vec<u8>> {
        let key = self.0.first()?;
        let nonce: [u8; NONCE] = random_bytes();
        let payload = Payload { msg: plain, aad: &associated(owner.into(), row) };
        let sealed = key.of_row(row).encrypt(&Nonce::from(nonce), payload).ok()?;
        Some([&key.head[..], &nonce, &sealed].concat())
    }

    /// Decrypts what was sealed for this row of this owner, with any configured key.
    ///
    /// # Errors
    /// If the key is missing, or the value is corrupt or from another row.
    pub fn open(&self, owner: impl Into<Uuid>, row: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (head, rest) = sealed.split_at_checked(HEAD).ok_or(OpenError::Broken)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(OpenError::Broken)?;
        let key = self.0.iter().find(|key| key.head == head).ok_or(OpenError::UnknownKey)?;
        let payload = Payload { msg: sealed, aad: &associated(owner.into(), row) };
        let plain = key.of_row(row).decrypt(&Nonce::from(*nonce), payload).map_err(|_| OpenError::Broken)?;
        Ok(Zeroizing::new(plain))
    }

    /// Returns whether the newest key sealed this value.
    pub fn is_newest(&self, sealed: &[u8]) -> bool {
        self.0.first().is_some_and(|key| sealed.starts_with(&key.head))
    }

    /// Returns whether the key with this header is configured.
    pub fn has(&self, head: &[u8]) -> bool {
        self.0.iter().any(|key| key.head == head)
    }

    /// Judges values by their headers.
    pub fn judge(&self, heads: &[Vec<u8>]) -> SealedWith {
        let shut = heads.iter().filter(|head| !self.has(head));
        let shut: Vec<_> = shut.map(|head| HEXLOWER.encode(head.get(1..).unwrap_or_default())).collect();
        if !shut.is_empty() {
            return SealedWith::Shut(shut);
        }
        if heads.iter().all(|head| self.is_newest(head)) { SealedWith::Newest } else { SealedWith::Older }
    }

    /// The headers of all keys except the newest.
    pub fn older_heads(&self) -> Vec<[u8; HEAD]> {
        self.0.iter().skip(1).map(|key| key.head).collect()
    }
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKeys(..)")
    }
}

impl SealingKey {
    fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        let [a, b, c, d, ..] = *derive(&secret, b"key id", &[]);
        Self { head: [VERSION, a, b, c, d], secret }
    }

    fn of_row(&self, row: Uuid) -> Aes256Gcm {
        Aes256Gcm::new(&(*derive(&self.secret, b"row", row.as_bytes())).into())
    }
}

fn derive(key: &[u8; 32], purpose: &[u8], of: &[u8]) -> Zeroizing<[u8; 32]> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes every key");
    Zeroizing::new(mac.chain_update(purpose).chain_update([0]).chain_update(of).finalize().into_bytes().into())
}

fn associated(owner: Uuid, row: Uuid) -> Vec<u8> {
    [*owner.as_bytes(), *row.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{UserId, random_uuid};

    fn keys(secrets: &[u8]) -> SealingKeys {
        SealingKeys(secrets.iter().map(|byte| SealingKey::new(Zeroizing::new([*byte; 32]))).collect())
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_and_nowhere_else() {
        let (alice, bob) = (UserId::random(), UserId::random());
        let (row, other) = (random_uuid(), random_uuid());
        let keys = keys(&[1]);
        let sealed = keys.seal(alice, row, b"a seed").expect("sealed");
        assert_eq!(sealed.len(), HEAD + NONCE + 6 + 16);
        assert!(!sealed.windows(6).any(|part| part == b"a seed"));
        assert_eq!(keys.open(alice, row, &sealed).expect("open").as_slice(), b"a seed");
        assert_eq!(keys.open(bob, row, &sealed), Err(OpenError::Broken), "another account");
        assert_eq!(keys.open(alice, other, &sealed), Err(OpenError::Broken), "another row");
        for at in HEAD..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(keys.open(alice, row, &changed), Err(OpenError::Broken), "byte {at}");
        }
        for end in 0..sealed.len() {
            assert!(keys.open(alice, row, &sealed[..end]).is_err(), "cut at {end}");
        }
        assert_ne!(keys.seal(alice, row, b"a seed").expect("sealed"), sealed, "a nonce of its own");
    }

    #[test]
    fn f25_old_keys_open_and_the_newest_seals() {
        let (alice, row) = (UserId::random(), random_uuid());
        let old = keys(&[1]).seal(alice, row, b"a seed").expect("sealed");
        let both = keys(&[2, 1]);
        assert_eq!(both.open(alice, row, &old).expect("open").as_slice(), b"a seed");
        assert!(!both.is_newest(&old) && both.has(&old[..HEAD]));
        assert_eq!(both.older_heads().concat(), old[..HEAD]);
        let new = both.seal(alice, row, b"a seed").expect("sealed");
        assert!(both.is_newest(&new));
        assert_eq!(keys(&[2]).open(alice, row, &new).expect("open").as_slice(), b"a seed");
        assert_eq!(keys(&[2]).open(alice, row, &old), Err(OpenError::UnknownKey));
        assert!(!keys(&[2]).has(&old[..HEAD]));
        assert!(keys(&[]).seal(alice, row, b"").is_none());
    }

    #[test]
    fn no_key_is_printed() {
        assert_eq!(format!("{:?}", keys(&[1])), "SealingKeys(..)");
    }
}
