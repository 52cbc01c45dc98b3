//! In-process concurrency limits by network.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::Key;

/// Counts by network; networks with a count of zero take no memory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct PerNetwork(Arc<Mutex<HashMap<Key, usize>>>);

/// One counted item; dropping it decrements the count.
#[derive(Debug)]
pub struct Counted {
    network: Key,
    counts: PerNetwork,
}

impl PerNetwork {
    /// Increments a network's count, unless it has reached `most`.
    pub fn enter(&self, network: Key, most: usize) -> Option<Counted> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&network).copied().unwrap_or_default();
        (count < most).then(|| {
            counts.insert(network, count + 1);
            Counted { network, counts: self.clone() }
        })
    }

    /// Returns whether every count is zero.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}
