//! Sealing at rest: what the service must be able to read again, such as the seeds of authenticator apps,
//! and whoever copies the database must not.
//!
//! AES-256-GCM under a key of the row's own, `HMAC-SHA-256(key, "row" and the row's id)`, so that no nonce
//! is ever used twice for want of luck. The account and the row go in as associated data: a seed that was
//! moved to another row or account does not open. What is stored:
//!
//! ```text
//! version (1 byte) | id of the key (4) | nonce (12) | ciphertext and tag
//! ```
//!
//! The newest key seals, every configured one opens: a rotation of `VESTIBULE_SECRET` locks nobody out, and
//! [`SealingKeys::is_newest`] tells what is to be sealed anew.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    config::Secrets,
    types::{Entropy, UserId},
};

/// What everything that is sealed begins with.
const VERSION: u8 = 1;
/// The octets that tell the version and the key: `substring(sealed from 1 for 5)` in SQL.
pub const HEAD: usize = 5;
const NONCE: usize = 12;

/// The keys that seal, newest first.
#[derive(Clone)]
pub struct SealingKeys(Vec<SealingKey>);

#[derive(Clone)]
struct SealingKey {
    id: [u8; 4],
    secret: Zeroizing<[u8; 32]>,
}

/// Why something that was sealed stays shut.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed with a key that is not configured.
    #[error("it was sealed with a key that is none of VESTIBULE_SECRET")]
    UnknownKey,
    /// It is broken, or it belongs elsewhere.
    #[error("it is broken, or it belongs to another row")]
    Broken,
}

impl SealingKeys {
    /// Derives them from the operator's secrets.
    #[must_use]
    pub fn derive(secrets: &Secrets) -> Self {
        Self(secrets.derive("seal").into_iter().map(|secret| SealingKey::new(Zeroizing::new(secret))).collect())
    }

    /// No key at all, which opens nothing.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Seals for one row of one account, with the newest key. `None` only without any key, or for gigabytes.
    #[must_use]
    pub fn seal(&self, entropy: Entropy, user_id: UserId, row: Uuid, plain: &[u8]) -> Option<Vec<u8>> {
        let key = self.0.first()?;
        let nonce: [u8; NONCE] = entropy.bytes();
        let payload = Payload { msg: plain, aad: &associated(user_id, row) };
        let sealed = key.of_row(row).encrypt(&Nonce::from(nonce), payload).ok()?;
        Some([&key.head()[..], &nonce, &sealed].concat())
    }

    /// Opens what was sealed for this row of this account, with whichever key that was.
    ///
    /// # Errors
    /// When its key is not there, or it is not what was sealed.
    pub fn open(&self, user_id: UserId, row: Uuid, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (head, rest) = sealed.split_at_checked(HEAD).ok_or(OpenError::Broken)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or(OpenError::Broken)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| OpenError::Broken)?;
        let key = self.0.iter().find(|key| key.head() == head).ok_or(OpenError::UnknownKey)?;
        let payload = Payload { msg: sealed, aad: &associated(user_id, row) };
        let plain = key.of_row(row).decrypt(&Nonce::from(nonce), payload).map_err(|_| OpenError::Broken)?;
        Ok(Zeroizing::new(plain))
    }

    /// Whether the newest key sealed it.
    #[must_use]
    pub fn is_newest(&self, sealed: &[u8]) -> bool {
        self.0.first().is_some_and(|key| sealed.starts_with(&key.head()))
    }

    /// Whether one of the keys made something with this head.
    #[must_use]
    pub fn has(&self, head: &[u8]) -> bool {
        self.0.iter().any(|key| key.head() == head)
    }

    /// The heads of what other keys than the newest sealed.
    #[must_use]
    pub fn older_heads(&self) -> Vec<[u8; HEAD]> {
        self.0.iter().skip(1).map(SealingKey::head).collect()
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
        Self { id: [a, b, c, d], secret }
    }

    fn head(&self) -> [u8; HEAD] {
        let [a, b, c, d] = self.id;
        [VERSION, a, b, c, d]
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

fn associated(user_id: UserId, row: Uuid) -> [u8; 32] {
    let mut both = [0; 32];
    both[..16].copy_from_slice(user_id.0.as_bytes());
    both[16..].copy_from_slice(row.as_bytes());
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[u8]) -> SealingKeys {
        SealingKeys(secrets.iter().map(|byte| SealingKey::new(Zeroizing::new([*byte; 32]))).collect())
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_and_nowhere_else() {
        let (alice, bob) = (UserId::new(Entropy), UserId::new(Entropy));
        let (row, other) = (Entropy.uuid(), Entropy.uuid());
        let keys = keys(&[1]);
        let sealed = keys.seal(Entropy, alice, row, b"a seed").expect("sealed");
        assert_eq!(sealed.len(), HEAD + NONCE + 6 + 16);
        assert!(!sealed.windows(6).any(|part| part == b"a seed"));
        assert_eq!(keys.open(alice, row, &sealed).expect("open").as_slice(), b"a seed");
        assert_eq!(keys.open(bob, row, &sealed), Err(OpenError::Broken), "another account");
        assert_eq!(keys.open(alice, other, &sealed), Err(OpenError::Broken), "another row");
        for at in HEAD..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(keys.open(alice, row, &changed), Err(OpenError::Broken), "octet {at}");
        }
        for end in 0..sealed.len() {
            assert!(keys.open(alice, row, &sealed[..end]).is_err(), "cut at {end}");
        }
        assert_ne!(keys.seal(Entropy, alice, row, b"a seed").expect("sealed"), sealed, "a nonce of its own");
    }

    #[test]
    fn f25_old_keys_open_and_the_newest_seals() {
        let (alice, row) = (UserId::new(Entropy), Entropy.uuid());
        let old = keys(&[1]).seal(Entropy, alice, row, b"a seed").expect("sealed");
        let both = keys(&[2, 1]);
        assert_eq!(both.open(alice, row, &old).expect("open").as_slice(), b"a seed");
        assert!(!both.is_newest(&old) && both.has(&old[..HEAD]));
        assert_eq!(both.older_heads().concat(), old[..HEAD]);
        let new = both.seal(Entropy, alice, row, b"a seed").expect("sealed");
        assert!(both.is_newest(&new));
        assert_eq!(keys(&[2]).open(alice, row, &new).expect("open").as_slice(), b"a seed");
        assert_eq!(keys(&[2]).open(alice, row, &old), Err(OpenError::UnknownKey));
        assert!(!keys(&[2]).has(&old[..HEAD]));
        assert!(keys(&[]).seal(Entropy, alice, row, b"").is_none());
    }

    #[test]
    fn no_key_is_printed() {
        assert_eq!(format!("{:?}", keys(&[1])), "SealingKeys(..)");
    }
}
