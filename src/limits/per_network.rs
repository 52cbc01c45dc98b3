//! In-process concurrency limits by network.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::Key;

/// Counts items by network; a count of zero takes no memory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct PerNetwork(Arc<Mutex<HashMap<Key, usize>>>);

/// One counted item; dropping it decrements the counts.
#[derive(Debug)]
pub struct Counted {
    networks: Vec<Key>,
    counts: PerNetwork,
}

impl PerNetwork {
    /// Increments the count of a network and of the wider ones around it, unless one has reached its maximum.
    pub fn enter(&self, networks: &[(Key, usize)]) -> Option<Counted> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full =
            |(network, most): &(Key, usize)| counts.get(network).is_some_and(|count| count >= most) || *most == 0;
        if networks.iter().any(full) {
            return None;
        }
        let networks: Vec<_> = networks.iter().map(|(network, _)| *network).collect();
        for network in &networks {
            *counts.entry(*network).or_default() += 1;
        }
        Some(Counted { networks, counts: self.clone() })
    }

    /// Returns whether every count is zero.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        for network in &self.networks {
            if let Some(count) = counts.get_mut(network) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(network);
                }
            }
        }
    }
}
