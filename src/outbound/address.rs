//! Which addresses are public. The IANA registries of special-purpose addresses name those that are not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Not public: our own networks, those of documentation and tests, multicast, reserved.
const V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];
/// The only public addresses (global unicast), which leaves out every form with an IPv4 address in it but the next.
const GLOBAL: Ipv6Net = v6([0x2000, 0], 3);
/// Of those, not public: Teredo and protocol assignments, documentation, 6to4, documentation.
const V6: [Ipv6Net; 4] = [v6([0x2001, 0], 23), v6([0x2001, 0xdb8], 32), v6([0x2002, 0], 16), v6([0x3fff, 0], 20)];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(start: [u16; 2], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(start[0], start[1], 0, 0, 0, 0, 0, 0), prefix)
}

/// Returns whether an address is public, or in a network that the operator allows.
pub(super) fn may_be_called(ip: IpAddr, allowed: &[IpNet]) -> bool {
    is_public(ip) || allowed.iter().any(|network| network.contains(&ip))
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !V4.iter().any(|network| network.contains(&ip)),
        IpAddr::V6(ip) => GLOBAL.contains(&ip) && !V6.iter().any(|network| network.contains(&ip)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_46_no_address_of_a_private_network_is_public_however_it_is_written() {
        for private in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            let ip: IpAddr = private.parse().expect("an address");
            assert!(!is_public(ip) && !may_be_called(ip, &[]), "{private}");
        }
        for public in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2001:4860:4860::8888"] {
            assert!(may_be_called(public.parse().expect("an address"), &[]), "{public}");
        }
    }

    #[test]
    fn the_operator_allows_networks_and_no_other_spelling_of_them() {
        let allowed: [IpNet; 2] = ["10.0.0.0/8".parse().expect("a network"), "::1/128".parse().expect("a network")];
        for (ip, may) in [("10.1.2.3", true), ("::1", true), ("127.0.0.1", false), ("::ffff:10.1.2.3", false)] {
            assert_eq!(may_be_called(ip.parse().expect("an address"), &allowed), may, "{ip}");
        }
    }
}
