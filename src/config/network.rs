//! Listeners and trusted proxies.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use super::Environment;

/// Listeners and proxies.
#[derive(Clone, Debug)]
pub struct Network {
    /// `VESTIBULE_LISTEN`.
    pub listen: SocketAddr,
    /// `VESTIBULE_TRUSTED_PROXIES`: networks whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// `VESTIBULE_METRICS_LISTEN`.
    pub metrics_listen: Option<SocketAddr>,
}

impl Network {
    pub(super) fn read(env: &mut Environment) -> Self {
        let address = |text: &str| text.parse().ok();
        let wanted = "an address and port such as 127.0.0.1:8080 or [::]:8080";
        Self {
            listen: env.parsed("VESTIBULE_LISTEN", wanted, address).unwrap_or((Ipv4Addr::LOCALHOST, 8080).into()),
            trusted_proxies: env
                .parsed("VESTIBULE_TRUSTED_PROXIES", "networks such as 10.0.0.0/8,::1, separated by commas", networks)
                .unwrap_or_default(),
            metrics_listen: env.parsed("VESTIBULE_METRICS_LISTEN", wanted, address),
        }
    }
}

/// Parses a list of networks.
pub(super) fn networks(text: &str) -> Option<Vec<IpNet>> {
    let network = |part: &str| part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from)).ok();
    text.split(',').map(|part| network(part.trim())).collect()
}
