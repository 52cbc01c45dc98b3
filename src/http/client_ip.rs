//! The client's IP address behind proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Returns whether the direct peer of a connection is a trusted proxy.
pub fn is_proxy(peer: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&peer.to_canonical()))
}

/// Returns the right-most address that is not a trusted proxy (OWASP ASVS 4.1.3).
///
/// `X-Forwarded-For` is used only on connections from trusted proxies, and only as far as trusted proxies vouch for it.
/// A malformed entry ends the walk at the proxy that wrote it, so that rate limits always apply (CVE-2024-47070).
pub fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| is_proxy(address, trusted);
    let mut client = peer.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    for hop in hops {
        let Some(address) = std::str::from_utf8(hop).ok().and_then(parse_hop) else { return client };
        client = address;
        if !is_trusted(client) {
            return client;
        }
    }
    client
}

/// Parses an address with or without a port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip())).ok();
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn client(peer: &str, forwarded: &[&str]) -> IpAddr {
        let trusted = ["10.0.0.0/8".parse().expect("a network"), "2001:db8::/32".parse().expect("a network")];
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().expect("a header"));
        }
        client_ip(ip(peer), &headers, &trusted)
    }

    #[test]
    fn cve_2023_36456_an_untrusted_client_cannot_choose_an_address() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), ip("192.0.2.1"));
    }

    #[test]
    fn asvs_4_1_3_the_right_most_untrusted_hop_wins() {
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"]), ip("198.51.100.7"));
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "198.51.100.7, 10.0.0.2"]), ip("198.51.100.7"));
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.7:80"]), ip("198.51.100.7"));
        assert_eq!(client("10.0.0.1", &["[2001:db9::1]:443"]), ip("2001:db9::1"));
    }

    #[test]
    fn cve_2024_47070_an_unreadable_hop_never_skips_the_check() {
        let endless = "a".repeat(10_000);
        for garbage in ["a", "", "fe80::1%eth0", "1.2.3.4.5", endless.as_str(), "unknown"] {
            assert_eq!(client("10.0.0.1", &[garbage]), ip("10.0.0.1"), "{garbage}");
            assert_eq!(client("10.0.0.1", &[&format!("1.1.1.1, {garbage}, 10.0.0.9")]), ip("10.0.0.9"), "{garbage}");
        }
    }
}
