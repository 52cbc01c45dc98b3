//! Counts invalidations, so that other caches use an entry only while it is current.

use uuid::Uuid;

/// Number of counters that accounts share. Accounts with the same counter invalidate each other, at the cost of a
/// query.
const COUNTERS: usize = 1024;

/// The state of an account or a grant. Data read under a version is current while the version stays the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Version {
    generation: u64,
    changes: u64,
}

/// Counts invalidations.
#[derive(Debug)]
pub(super) struct Changes {
    /// All invalidations.
    pub total: u64,
    /// Whether another cache may hold data read since everything was last invalidated.
    pub is_relied_on: bool,
    generation: u64,
    by_id: Box<[u64; COUNTERS]>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { total: 0, is_relied_on: false, generation: 0, by_id: Box::new([0; COUNTERS]) }
    }
}

impl Changes {
    /// Counts a change of an account, or of a grant without one.
    pub(super) fn note(&mut self, id: Uuid) {
        self.total += 1;
        self.by_id[counter(id)] += 1;
    }

    /// Invalidates everything.
    pub(super) fn note_all(&mut self) {
        self.total += 1;
        self.generation += 1;
        self.is_relied_on = false;
    }

    /// Returns the current generation, and notes that another cache relies on it.
    pub(super) fn generation(&mut self) -> u64 {
        self.is_relied_on = true;
        self.generation
    }

    /// Returns the version of an account, or of a grant without one.
    pub(super) fn version(&self, id: Uuid) -> Version {
        Version { generation: self.generation, changes: self.by_id[counter(id)] }
    }
}

/// Returns the index of an ID's counter. IDs are random, so any of their bytes are evenly distributed.
fn counter(id: Uuid) -> usize {
    let bytes = id.as_bytes();
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) % COUNTERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_ends_with_a_change_of_its_own_and_of_everything() {
        let mut changes = Changes::default();
        let (ours, theirs) = (Uuid::from_u128(1 << 112), Uuid::from_u128(2 << 112));
        let version = changes.version(ours);
        changes.note(theirs);
        assert_eq!(changes.version(ours), version);
        changes.note(ours);
        let next = changes.version(ours);
        assert_ne!(next, version);
        changes.note_all();
        assert_ne!(changes.version(ours), next);
        assert_eq!(changes.total, 3);
    }
}
