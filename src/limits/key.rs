//! Rate limit keys.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::types::{AppId, UserId};

/// The key of a bucket: a digest, so that the table does not contain names and addresses in plain text. Anyone with the
/// table can still test guesses.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Key {
    digest: [u8; 16],
    nobodys: bool,
}

impl Key {
    /// Sign-ins to one account, under any of its names.
    pub fn account(user_id: UserId) -> Self {
        Self::of("account", user_id.0.as_bytes())
    }

    /// Sign-ins with a name that no account has; limited like an existing account.
    pub fn name(canonical: &str) -> Self {
        Self { nobodys: true, ..Self::of("name", canonical.as_bytes()) }
    }

    /// Sign-ins to one account from one known browser, by the id that stays when its cookie is renewed.
    pub fn browser(user_id: UserId, browser: Uuid) -> Self {
        Self::of("browser", &[*user_id.0.as_bytes(), *browser.as_bytes()].concat())
    }

    /// Failed sign-ins from one network.
    pub fn network(address: IpAddr) -> Self {
        Self::of("network", &network(address))
    }

    /// A client's network and the wider ones around it, narrowest first: an IPv4 address alone, or an IPv6 /64 with its
    /// /56 and /48.
    pub fn networks(address: IpAddr) -> Vec<Self> {
        Self::around("network", address)
    }

    /// The same networks' keys for another kind of limit.
    pub(super) fn around(kind: &str, address: IpAddr) -> Vec<Self> {
        let narrow = network(address);
        let lengths = if narrow.len() == 8 { [8, 7, 6].as_slice() } else { &[4] };
        lengths.iter().map(|length| Self::of(kind, &narrow[..*length])).collect()
    }

    /// Attempts of one account at one kind of factor; the factor's slice chooses the code.
    pub fn factor(code: &str, user_id: UserId) -> Self {
        Self::of(&code.replace('_', "-"), user_id.0.as_bytes())
    }

    /// Consecutive failures of any second factor of one account.
    pub fn refused_factors(user_id: UserId) -> Self {
        Self::of("refused-factors", user_id.0.as_bytes())
    }

    /// Account changes of one account.
    pub fn changes(user_id: UserId) -> Self {
        Self::of("changes", user_id.0.as_bytes())
    }

    /// Requests that name an app and do not prove to be it.
    pub fn app(id: AppId) -> Self {
        Self::of("app", id.0.as_bytes())
    }

    /// Sign-ins to one account from new browsers that look the same.
    pub fn new_browser(user_id: UserId, address: IpAddr, user_agent: &str) -> Self {
        let from = [&network(address), &[0][..], user_agent.as_bytes()].concat();
        Self::of("new-browser", &[user_id.0.as_bytes(), &from[..]].concat())
    }

    /// Emails of one kind to one mailbox, requested by anyone.
    pub fn emails(kind: &str, canonical: &str) -> Self {
        Self::emails_of(kind, canonical, &[])
    }

    /// Emails of one kind to one mailbox, requested by a browser that its account knows.
    pub fn emails_for_browser(kind: &str, canonical: &str, browser: Uuid) -> Self {
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
        &self.digest
    }

    /// Returns whether this is the bucket of a name that no account has.
    pub(super) fn is_nobodys(&self) -> bool {
        self.nobodys
    }

    fn of(kind: &str, subject: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(subject).finalize();
        Self { digest: digest.first_chunk().copied().unwrap_or_default(), nobodys: false }
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
        assert_ne!(key("192.0.2.1"), Key::around("sign-up", "192.0.2.1".parse().expect("an address"))[0]);
    }

    #[test]
    fn a12_a_wider_network_holds_the_narrower_ones() {
        let keys = |text: &str| Key::networks(text.parse().expect("an address"));
        let [here, same_56, same_48, elsewhere] =
            ["2001:db8:1:2::1", "2001:db8:1:ff::1", "2001:db8:1:100::1", "2001:db8:2:2::1"].map(keys);
        let shared = |other: &[Key]| here.iter().zip(other).map(|(a, b)| a == b).collect::<Vec<_>>();
        assert_eq!(shared(&same_56), [false, true, true]);
        assert_eq!(shared(&same_48), [false, false, true]);
        assert_eq!(shared(&elsewhere), [false, false, false]);
        assert_eq!(keys("::ffff:192.0.2.1"), keys("192.0.2.1"));
        assert_eq!(keys("192.0.2.1").len(), 1);
    }
}
