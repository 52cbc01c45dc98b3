//! Bounds the fetches of documents that run at once, so that slow hosts and one network leave room for others.

use std::{collections::HashMap, net::IpAddr, sync::Mutex};

use ipnet::IpNet;

use crate::audit::log::network;

/// Maximum number of concurrent fetches per replica.
const READS: usize = 64;
/// Maximum number of them from one host, and for visitors of one network.
const SHARE: usize = 8;

/// Who takes part of the bound.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Key {
    All,
    Host(String),
    Network(IpNet),
}

impl Key {
    fn most(&self) -> usize {
        if *self == Self::All { READS } else { SHARE }
    }
}

/// The fetches that run now.
#[derive(Debug, Default)]
pub(super) struct Reads(Mutex<HashMap<Key, usize>>);

/// A fetch, which counts until it is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Reading<'a> {
    reads: &'a Reads,
    keys: [Key; 3],
}

impl Reads {
    /// Begins a fetch from a host for a visitor. Returns `None` at once if a bound is reached.
    pub(super) fn begin(&self, host: &str, visitor: IpAddr) -> Option<Reading<'_>> {
        let keys = [Key::All, Key::Host(host.to_owned()), Key::Network(network(visitor))];
        let mut running = self.0.lock().ok()?;
        if keys.iter().any(|key| running.get(key).is_some_and(|count| *count >= key.most())) {
            return None;
        }
        for key in &keys {
            *running.entry(key.clone()).or_default() += 1;
        }
        drop(running);
        Some(Reading { reads: self, keys })
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let Ok(mut running) = self.reads.0.lock() else { return };
        for key in &self.keys {
            if let Some(count) = running.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    running.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(n: u8) -> IpAddr {
        IpAddr::from([198, 51, n, 1])
    }

    #[test]
    fn a_slow_host_and_a_network_leave_room_for_others() {
        let reads = Reads::default();
        let slow: Vec<_> = (0..20).filter_map(|n| reads.begin("slow.example", visitor(n))).collect();
        assert_eq!(slow.len(), SHARE, "of one host, whoever asks");
        let greedy: Vec<_> = (0..20).filter_map(|n| reads.begin(&format!("{n}.example"), visitor(100))).collect();
        assert_eq!(greedy.len(), SHARE, "for one network, whichever host it names");
        assert!(reads.begin("other.example", visitor(101)).is_some());
        drop(slow);
        assert!(reads.begin("slow.example", visitor(101)).is_some());
        drop(greedy);
        assert!(reads.0.lock().expect("a lock").is_empty(), "nothing is kept of hosts and networks");
    }

    #[test]
    fn all_fetches_together_are_bounded() {
        let reads = Reads::default();
        let name = |n: u8| format!("{n}.example");
        let running: Vec<_> = (0..200).filter_map(|n| reads.begin(&name(n), visitor(n))).collect();
        assert_eq!(running.len(), READS);
        assert!(reads.begin("other.example", visitor(250)).is_none());
    }
}
