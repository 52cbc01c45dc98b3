//! Counts changes, so that what others keep is only used while it is true.

use uuid::Uuid;

/// How many counters the accounts share. Two accounts that share one invalidate each other's entries, at the cost of a
/// query.
const COUNTERS: usize = 1024;

/// The state of an account or a grant. What was read under a version is true for as long as the version is the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Version {
    generation: u64,
    changes: u64,
}

/// Counts what was invalidated.
#[derive(Debug)]
pub(super) struct Changes {
    /// All invalidations.
    pub total: u64,
    /// Whether anyone keeps something that was read since the last invalidation of everything.
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
    /// Notes a change of an account, or of a grant without one.
    pub(super) fn note(&mut self, id: Uuid) {
        self.total += 1;
        self.by_id[counter(id)] += 1;
    }

    /// Notes that everything may have changed.
    pub(super) fn note_all(&mut self) {
        self.total += 1;
        self.generation += 1;
        self.is_relied_on = false;
    }

    /// The number of the current generation, under which something is kept.
    pub(super) fn generation(&mut self) -> u64 {
        self.is_relied_on = true;
        self.generation
    }

    /// The version of an account, or of a grant without one.
    pub(super) fn version(&self, id: Uuid) -> Version {
        Version { generation: self.generation, changes: self.by_id[counter(id)] }
    }
}

/// IDs are random, so any of their bytes spread well.
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
