//! Rate limit keys.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

use crate::types::{TokenDigest, UserId};

/// The key of a bucket: a digest, so that the table does not show names and addresses at a glance. Anyone with the
/// table can still test guesses; full buckets are deleted.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Key([u8; 16]);

impl Key {
    /// Sign-ins to one account, under any of its names.
    pub fn account(user_id: UserId) -> Self {
        Self::of("account", user_id.0.as_bytes())
    }

    /// Sign-ins with a name that no account has; limited like an existing account.
    pub fn name(canonical: &str) -> Self {
        Self::of("name", canonical.as_bytes())
    }

    /// Sign-ins to one account from one known browser.
    pub fn browser(user_id: UserId, browser: &TokenDigest) -> Self {
        Self::of("browser", &[user_id.0.as_bytes(), browser.as_bytes()].concat())
    }

    /// Failed sign-ins from one network.
    pub fn network(address: IpAddr) -> Self {
        Self::of("network", &network(address))
    }

    /// Unauthenticated writes, such as sign-ups, from one network.
    pub fn sign_up(address: IpAddr) -> Self {
        Self::of("sign-up", &network(address))
    }

    /// Long return paths stored for one network.
    pub fn return_paths(address: IpAddr) -> Self {
        Self::of("return-paths", &network(address))
    }

    /// What one account does with one kind of factor, by a code of the factor's slice.
    pub fn factor(code: &str, user_id: UserId) -> Self {
        Self::of(&code.replace('_', "-"), user_id.0.as_bytes())
    }

    /// Consecutive failures of any second factor of one account.
    pub fn refused_factors(user_id: UserId) -> Self {
        Self::of("refused-factors", user_id.0.as_bytes())
    }

    /// WebAuthn challenges for discoverable credentials, by network.
    pub fn ceremonies(address: IpAddr) -> Self {
        Self::of("ceremonies", &network(address))
    }

    /// Account changes of one account.
    pub fn changes(user_id: UserId) -> Self {
        Self::of("changes", user_id.0.as_bytes())
    }

    /// Emails of one kind to one mailbox, requested by anyone.
    pub fn emails(kind: &str, canonical: &str) -> Self {
        Self::emails_of(kind, canonical, &[])
    }

    /// Emails of one kind to one mailbox, requested by a browser that its account knows.
    pub fn emails_for_browser(kind: &str, canonical: &str, browser: &TokenDigest) -> Self {
        Self::emails_of(kind, canonical, browser.as_bytes())
    }

    /// Emails of one kind to one mailbox, requested by the owner of an account with another mailbox.
    pub fn emails_for_account(kind: &str, canonical: &str, user_id: UserId) -> Self {
        Self::emails_of(kind, canonical, user_id.0.as_bytes())
    }

    fn emails_of(kind: &str, canonical: &str, requested_by: &[u8]) -> Self {
        Self::of("letters", &[kind.as_bytes(), &[0], canonical.as_bytes(), &[0], requested_by].concat())
    }

    /// The stored form.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn of(kind: &str, subject: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(subject).finalize();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// The prefix of one subscriber: an IPv4 address, or an IPv6 /64 (RFC 6177).
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
