//! Verification of links against their events.

use super::{
    chain::{BEGINNING, ChainKeys, DIGEST_VERSION, Digest, Head, Stored},
    keys::Known,
    store::{self, Link},
};

/// A fault of the audit log.
///
/// A `position` (`from`, `to`, `after`) is one in the chain, `seq` (`first`) is the number of an event, `key` is the ID
/// of a key, and `noted` is the recorded head.
#[expect(missing_docs, reason = "the fields are explained above")]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// An event differs from its link.
    #[error("position {position}: event {seq} was changed, or swapped with another")]
    Changed { position: i64, seq: i64 },
    /// A link's event is missing.
    #[error("position {position}: event {seq} was removed")]
    Removed { position: i64, seq: i64 },
    /// An origin was erased, though the account exists.
    #[error("position {position}: the origin of event {seq} was erased, although its account was not")]
    OriginRemoved { position: i64, seq: i64 },
    /// A link matches its event, but not the previous link.
    #[error("position {position}: the link of event {seq} does not match the previous one: links were reordered")]
    OutOfOrder { position: i64, seq: i64 },
    /// A link matches neither its event nor the previous link.
    #[error("position {position}: the link of event {seq} was forged: it was not created with the service's key")]
    Forged { position: i64, seq: i64 },
    /// Links are missing.
    #[error("positions {from} to {to}: the links were removed")]
    LinksRemoved { from: i64, to: i64 },
    /// A link precedes the beginning of the chain.
    #[error("position {position}: a link before the beginning of the chain")]
    BeforeBeginning { position: i64 },
    /// Links were created with a key that is not configured.
    #[error("positions {from} to {to}: made with the key {key}, which is missing from VESTIBULE_SECRET")]
    WrongKey { from: i64, to: i64, key: String },
    /// Links carry a key that the chain never had.
    #[error("positions {from} to {to}: forged: made with the key {key}, which this chain never had")]
    UnknownKey { from: i64, to: i64, key: String },
    /// More links carry a forgotten key than when it was forgotten.
    #[error("{count} more events carry a forgotten key than when it was forgotten: their links were changed")]
    Disguised { count: u64 },
    /// Retention removed events unchecked since the recorded head.
    #[error("position {position}: retention removed {count} events unchecked, because their key was forgotten")]
    RemovedUnchecked { position: i64, count: u64 },
    /// Events that have no link and wait for none, or not for long enough to explain it.
    #[error("{count} events are not in the chain although they should be, the first is event {first}")]
    Unlinked { count: i64, first: i64 },
    /// Events were removed before they were linked.
    #[error("{count} events were removed before they were linked, the first was event {first}")]
    RemovedUnlinked { count: i64, first: i64 },
    /// Events wait for a link that they have.
    #[error("{count} events that are in the chain wait to be linked again, the first is event {first}")]
    LinkedTwice { count: i64, first: i64 },
    /// A recorded head is beyond the end of the chain.
    #[error("the chain ends before the head {noted}: its end was cut off")]
    CutOff { noted: Head },
    /// The chain has another hash at the position of a recorded head.
    #[error("the chain has the head {found} instead of {noted}: it was rewritten")]
    AnotherChain { noted: Head, found: Head },
    /// A recorded head precedes the chain.
    #[error("the head {noted} cannot be compared: the chain begins after position {after}")]
    HeadTooOld { noted: Head, after: i64 },
}

/// Verifies links in sequence. After a fault it continues from the stored values, so that each fault is reported once.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    keys: &'a ChainKeys,
    known: &'a Known,
    expected: i64,
    /// `None` after missing links.
    previous: Option<Digest>,
}

impl<'a> Checker<'a> {
    /// Starts at the beginning of the chain.
    pub fn new(keys: &'a ChainKeys, known: &'a Known, after: Option<Head>) -> Self {
        let after = after.unwrap_or(Head { position: 0, hash: BEGINNING });
        Self { keys, known, expected: after.position.saturating_add(1), previous: Some(after.hash) }
    }

    /// Verifies one link only, with the hash before it if that is still there.
    pub fn of_one(keys: &'a ChainKeys, known: &'a Known, link: &Link, previous: Option<Digest>) -> Self {
        Self { keys, known, expected: link.position, previous }
    }

    /// Verifies the next link and returns its faults.
    pub fn check(&mut self, link: &Link, event: Option<&Stored>) -> Vec<Fault> {
        let mut found = Vec::new();
        let (position, seq) = (link.position, link.event_seq);
        if position < self.expected {
            return vec![Fault::BeforeBeginning { position }];
        }
        if position > self.expected {
            found.push(Fault::LinksRemoved { from: self.expected, to: position - 1 });
            self.previous = None;
        }
        let previous = self.previous;
        self.expected = position.saturating_add(1);
        self.previous = store::digest(&link.hash);
        let Some(key) = self.keys.find(&link.key_id) else {
            found.push(self.known.without_key(link));
            if event.is_none() {
                found.push(Fault::Removed { position, seq });
            }
            return found;
        };
        let in_place = previous.is_none_or(|previous| {
            store::digest(&link.digest).is_some_and(|digest| key.hash(&previous, position, &digest)[..] == link.hash)
        });
        let origin_digest = link.origin_digest.as_deref().and_then(store::digest);
        let known = link.version == DIGEST_VERSION;
        let same = event.map(|event| known && key.digest(event, origin_digest.as_ref())[..] == link.digest);
        match (event, same, in_place) {
            (None, ..) | (_, None, _) => found.push(Fault::Removed { position, seq }),
            (Some(_), Some(false), true) => found.push(Fault::Changed { position, seq }),
            (Some(_), Some(false), false) => found.push(Fault::Forged { position, seq }),
            (Some(_), Some(true), false) => found.push(Fault::OutOfOrder { position, seq }),
            (Some(event), Some(true), true) => {
                let erased = event.address.is_none() && event.user_agent.is_none();
                if origin_digest.is_some() && erased {
                    if event.user_id.is_none() || event.account_exists {
                        found.push(Fault::OriginRemoved { position, seq });
                    }
                } else if key.origin_digest(event) != origin_digest {
                    found.push(Fault::Changed { position, seq });
                }
            }
        }
        found
    }
}
