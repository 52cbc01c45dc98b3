//! How many of something each network holds at this moment, in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::Key;

/// Counts by network; a network that holds nothing takes no room. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct PerNetwork(Arc<Mutex<HashMap<Key, usize>>>);

/// One that is counted, until it is dropped.
#[derive(Debug)]
pub struct Counted {
    network: Key,
    counts: PerNetwork,
}

impl PerNetwork {
    /// Counts one in, unless its network holds `most` already.
    #[must_use]
    pub fn enter(&self, network: Key, most: usize) -> Option<Counted> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&network).copied().unwrap_or_default();
        (count < most).then(|| {
            counts.insert(network, count + 1);
            Counted { network, counts: self.clone() }
        })
    }

    /// Whether no network holds anything.
    #[must_use]
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
