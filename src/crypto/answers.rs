//! IDs and encryption of stored form responses.
//!
//! Both depend on a secret that only the form contains. So the database alone does not reveal a response, and neither
//! does the service's key without the form.

use std::hint::black_box;

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::types::random_bytes;

const NONCE: usize = 12;

/// The keys of one form.
#[derive(derive_more::Debug)]
#[debug("FormKeys(..)")]
pub struct FormKeys {
    naming: Zeroizing<[u8; 32]>,
    sealing: Zeroizing<[u8; 32]>,
}

/// The id of a form with its contents, as stored in the database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FormId([u8; 32]);

impl FormId {
    /// The bytes, as bound to a query.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FormKeys {
    /// Derives the keys from the service's key and the form's secret.
    pub fn of(key: &[u8; 32], form: &[u8; 16]) -> Self {
        let derive = |purpose: &[u8]| {
            Zeroizing::new(mac(key).chain_update(purpose).chain_update(form).finalize().into_bytes().into())
        };
        Self { naming: derive(b"name"), sealing: derive(b"seal") }
    }

    /// Computes the id of the form with these contents, and leaves none of them on the stack: they may be passwords.
    pub fn name<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> FormId {
        let id = self.digest(parts);
        wipe_stack();
        id
    }

    /// Length prefixes keep the parts distinct.
    #[inline(never)]
    fn digest<'a>(&self, parts: impl Iterator<Item = &'a [u8]>) -> FormId {
        let add = |mac: Hmac<Sha256>, part: &[u8]| mac.chain_update(part.len().to_be_bytes()).chain_update(part);
        FormId(parts.fold(mac(&self.naming), add).finalize().into_bytes().into())
    }

    /// Encrypts a response to the form. Returns `None` only for gigabytes of input.
    pub fn seal(&self, id: &FormId, plain: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE] = random_bytes();
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: id.as_bytes() }).ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// Decrypts a response. Returns `None` if it was not encrypted for this form.
    pub fn open(&self, id: &FormId, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, msg) = sealed.split_first_chunk::<NONCE>()?;
        let plain = self.cipher().decrypt(&Nonce::from(*nonce), Payload { msg, aad: id.as_bytes() }).ok()?;
        Some(Zeroizing::new(plain))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&(*self.sealing).into())
    }
}

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes every key")
}

/// Overwrites what calls that have returned left on the stack. A hash keeps the last block of its input there, and
/// whatever is moved over that place later may carry pieces of it into the heap as padding.
#[inline(never)]
fn wipe_stack() {
    black_box([0_u8; 16 * 1024]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_opens_with_its_form_and_nothing_else() {
        let (key, form) = ([1; 32], [2; 16]);
        let keys = FormKeys::of(&key, &form);
        let id = keys.name([&b"/login"[..], b"a"].into_iter());
        let sealed = keys.seal(&id, b"welcome").expect("sealed");
        assert_eq!(keys.open(&id, &sealed).expect("open").as_slice(), b"welcome");
        assert!(!sealed.windows(7).any(|part| part == b"welcome"));
        let other = keys.name([&b"/login"[..], b"b"].into_iter());
        assert!(keys.open(&other, &sealed).is_none(), "other contents");
        assert!(FormKeys::of(&key, &[3; 16]).open(&id, &sealed).is_none(), "another form");
        assert!(FormKeys::of(&[4; 32], &form).open(&id, &sealed).is_none(), "another service");
        for end in 0..sealed.len() {
            assert!(keys.open(&id, &sealed[..end]).is_none(), "cut at {end}");
        }
    }

    #[test]
    fn contents_are_told_apart_by_where_they_end() {
        let keys = FormKeys::of(&[1; 32], &[2; 16]);
        let name = |parts: &[&str]| keys.name(parts.iter().map(|part| part.as_bytes()));
        assert_eq!(name(&["a", "bc"]), name(&["a", "bc"]));
        for other in [&["ab", "c"][..], &["a", "b", "c"], &["abc"], &["a", "bc", ""], &["bc", "a"]] {
            assert_ne!(name(other), name(&["a", "bc"]), "{other:?}");
        }
    }
}
