//! Encryption of what follows a secret, for a caller that presents that secret again.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::types::{AppToken, TokenKind, random_bytes};

const NONCE: usize = 12;

/// Encrypts the token that follows `used` with a key that `used` alone yields: neither the database nor the service can
/// read it later. Returns `None` never in practice: only gigabytes cannot be encrypted.
pub fn seal(used: &AppToken, next: &AppToken) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE] = random_bytes();
    let digest = used.digest();
    let payload = Payload { msg: next.reveal().as_bytes(), aad: digest.as_bytes() };
    let sealed = cipher(used).encrypt(&Nonce::from(nonce), payload).ok()?;
    Some([&nonce[..], &sealed].concat())
}

/// Decrypts the token that follows `used`. Returns `None` for what was not sealed for it.
pub fn open(used: &AppToken, sealed: &[u8]) -> Option<AppToken> {
    let (nonce, msg) = sealed.split_first_chunk::<NONCE>()?;
    let digest = used.digest();
    let payload = Payload { msg, aad: digest.as_bytes() };
    let plain = Zeroizing::new(cipher(used).decrypt(&Nonce::from(*nonce), payload).ok()?);
    AppToken::parse(TokenKind::Refresh, str::from_utf8(&plain).ok()?)
}

fn cipher(used: &AppToken) -> Aes256Gcm {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mac = <Hmac<Sha256> as Mac>::new_from_slice(used.reveal().as_bytes()).expect("HMAC takes every key");
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(mac.chain_update(b"successor").finalize().into_bytes().into());
    Aes256Gcm::new(&(*key).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_21_a_successor_opens_with_the_token_before_it_and_no_other() {
        let [used, next, other] = [0; 3].map(|_| AppToken::random(TokenKind::Refresh));
        let sealed = seal(&used, &next).expect("sealed");
        assert_eq!(open(&used, &sealed).expect("open").reveal(), next.reveal());
        assert!(open(&other, &sealed).is_none());
        assert!(!sealed.windows(8).any(|part| part == &next.reveal().as_bytes()[3..11]));
        for end in 0..sealed.len() {
            assert!(open(&used, &sealed[..end]).is_none(), "cut at {end}");
        }
    }
}
