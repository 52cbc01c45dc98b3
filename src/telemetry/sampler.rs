//! Sampling of log lines that an unauthenticated client can cause at will.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ipnet::{IpNet, Ipv6Net};
use tokio::{runtime::Handle, time::sleep};

/// Maximum number of lines of one kind per network and window.
const LINES: u64 = 10;
/// How long a window lasts.
const WINDOW: Duration = Duration::from_secs(60);
/// Maximum number of networks counted separately per window; the others share one count.
const NETWORKS_MAX: usize = 1000;

/// Admits the first few lines of a kind from each network and minute, then logs how many it suppressed. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Sampler(Arc<Mutex<HashMap<(IpNet, &'static str), u64>>>);

impl Sampler {
    /// Counts a line, and returns whether to write it.
    pub fn admits(&self, network: IpNet, kind: &'static str) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_empty() && Handle::try_current().is_ok() {
            super::spawn("log sampler", self.clone().close_later());
        }
        let is_new = !seen.contains_key(&(network, kind));
        let network = if is_new && seen.len() >= NETWORKS_MAX { Ipv6Net::default().into() } else { network };
        let count = seen.entry((network, kind)).or_default();
        *count += 1;
        *count <= LINES
    }

    async fn close_later(self) {
        sleep(WINDOW).await;
        self.close();
    }

    /// Ends the window, and logs how many lines were suppressed.
    pub fn close(&self) {
        let seen = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for ((network, lines), count) in seen {
            if count > LINES {
                tracing::warn!(lines, %network, count = count - LINES, "similar log lines were suppressed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, sync::Mutex};

    use super::*;

    #[test]
    fn a11_a_network_gets_a_few_lines_of_each_kind_and_then_one_with_a_count() {
        let (mut read, write) = std::io::pipe().expect("a pipe");
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(Mutex::new(write)).finish();
        let logging = tracing::subscriber::set_default(subscriber);
        let sampler = Sampler::default();
        let network = |n: u32| IpNet::from(std::net::IpAddr::from(std::net::Ipv4Addr::from_bits(n)));
        let admitted = |n, kind, times: u32| (0..times).filter(|_| sampler.admits(network(n), kind)).count();
        assert_eq!(admitted(1, "csrf_refused", 500), 10);
        assert_eq!(admitted(2, "csrf_refused", 7), 7, "another network");
        assert_eq!(admitted(1, "answered", 10), 10, "another kind");
        sampler.close();
        assert_eq!(admitted(1, "csrf_refused", 1), 1, "another window");
        // However many networks there are.
        let all: usize = (0..5000).map(|n| admitted(n, "csrf_refused", 1)).sum();
        assert!((1000..=1010).contains(&all), "{all}");
        drop(logging);
        let mut log = String::new();
        read.read_to_string(&mut log).expect("text");
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(
            log.contains("similar log lines were suppressed lines=\"csrf_refused\" network=0.0.0.1/32 count=490"),
            "{log}"
        );
    }
}
