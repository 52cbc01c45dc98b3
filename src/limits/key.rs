//! What is limited.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

use crate::types::{TokenDigest, UserId};

/// What is limited, as the database knows it: a digest, so that the table shows no names and no
/// addresses at a glance. (Who has the table can still try all of them; rows go when they are spent.)
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Key([u8; 16]);

impl Key {
    /// One account, under each of its spellings.
    #[must_use]
    pub fn account(user_id: UserId) -> Self {
        Self::of("account", user_id.0.as_bytes())
    }

    /// A name that no account has; it is limited like one that an account has.
    #[must_use]
    pub fn name(canonical: &str) -> Self {
        Self::of("name", canonical.as_bytes())
    }

    /// One browser at one account.
    #[must_use]
    pub fn browser(user_id: UserId, browser: &TokenDigest) -> Self {
        Self::of("browser", &[user_id.0.as_bytes(), browser.as_bytes()].concat())
    }

    /// Failed sign-ins from one network.
    #[must_use]
    pub fn network(address: IpAddr) -> Self {
        Self::of("network", &network(address))
    }

    /// Sign-ups from one network.
    #[must_use]
    pub fn sign_up(address: IpAddr) -> Self {
        Self::of("sign-up", &network(address))
    }

    /// Codes of the authenticator apps of one account.
    #[must_use]
    pub fn totp(user_id: UserId) -> Self {
        Self::of("totp", user_id.0.as_bytes())
    }

    /// Recovery codes of one account.
    #[must_use]
    pub fn recovery_code(user_id: UserId) -> Self {
        Self::of("recovery-code", user_id.0.as_bytes())
    }

    /// First codes of authenticator apps that one account sets up.
    #[must_use]
    pub fn enrolment(user_id: UserId) -> Self {
        Self::of("enrolment", user_id.0.as_bytes())
    }

    /// Second factors of one account that were refused in a row, of whatever kind.
    #[must_use]
    pub fn refused_factors(user_id: UserId) -> Self {
        Self::of("refused-factors", user_id.0.as_bytes())
    }

    /// Challenges for the passkeys of one account.
    #[must_use]
    pub fn ceremonies_of(user_id: UserId) -> Self {
        Self::of("ceremonies-of", user_id.0.as_bytes())
    }

    /// Challenges for passkeys of nobody in particular, asked for from one network.
    #[must_use]
    pub fn ceremonies(address: IpAddr) -> Self {
        Self::of("ceremonies", &network(address))
    }

    /// Changes of one account.
    #[must_use]
    pub fn changes(user_id: UserId) -> Self {
        Self::of("changes", user_id.0.as_bytes())
    }

    /// Letters of one kind to one mailbox, asked for by anybody.
    #[must_use]
    pub fn letters(kind: &str, canonical: &str) -> Self {
        Self::letters_of(kind, canonical, &[])
    }

    /// The same, asked for by a browser that the mailbox's account knows.
    #[must_use]
    pub fn letters_for_browser(kind: &str, canonical: &str, browser: &TokenDigest) -> Self {
        Self::letters_of(kind, canonical, browser.as_bytes())
    }

    /// The same, asked for by the owner of an account that is another mailbox's.
    #[must_use]
    pub fn letters_for_account(kind: &str, canonical: &str, user_id: UserId) -> Self {
        Self::letters_of(kind, canonical, user_id.0.as_bytes())
    }

    fn letters_of(kind: &str, canonical: &str, asked_by: &[u8]) -> Self {
        Self::of("letters", &[kind.as_bytes(), &[0], canonical.as_bytes(), &[0], asked_by].concat())
    }

    /// As stored.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn of(kind: &str, subject: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(subject).finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }
}

/// What one subscriber holds: an IPv4 address, or an IPv6 /64 (RFC 6177).
fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets()[..8].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asvs_15_3_4_an_ipv6_subscriber_is_its_64_bit_prefix() {
        let key = |text: &str| Key::network(text.parse().expect("an address"));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_ne!(key("192.0.2.1"), Key::sign_up("192.0.2.1".parse().expect("an address")));
    }
}
