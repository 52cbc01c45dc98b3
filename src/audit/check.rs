//! One link after another, compared with its event.

use super::{
    chain::{BEGINNING, ChainKeys, Digest, Head, Stored, hex},
    store::{self, Link},
};

/// What is wrong with the trail.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// An event is not what its link says.
    #[error("position {position}: event {seq} was changed, or changed places with another")]
    Changed {
        /// Where in the chain.
        position: i64,
        /// Which event.
        seq: i64,
    },
    /// A link's event is not there.
    #[error("position {position}: event {seq} was removed")]
    Removed {
        /// Where in the chain.
        position: i64,
        /// Which event.
        seq: i64,
    },
    /// Only an erased account's events lose their origin.
    #[error("position {position}: where event {seq} came from was removed, and no erased account explains it")]
    OriginRemoved {
        /// Where in the chain.
        position: i64,
        /// Which event.
        seq: i64,
    },
    /// A link that follows from its event, but not from the link before.
    #[error("position {position}: event {seq} does not follow what stands before it: links were put in another order")]
    OutOfOrder {
        /// Where in the chain.
        position: i64,
        /// Which event.
        seq: i64,
    },
    /// A link that follows from nothing.
    #[error("position {position}: the link of event {seq} was not made with the service's key")]
    Forged {
        /// Where in the chain.
        position: i64,
        /// Which event.
        seq: i64,
    },
    /// Positions without a link.
    #[error("positions {from} to {to}: the links were removed")]
    LinksRemoved {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A link before the beginning of the chain.
    #[error("position {position}: a link before the beginning of the chain")]
    BeforeBeginning {
        /// Where.
        position: i64,
    },
    /// Links that none of the keys at hand can have made.
    #[error("positions {from} to {to}: made with the key {key}, which VESTIBULE_SECRET does not hold (any more)")]
    WrongKey {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
        /// The name of the key.
        key: String,
    },
    /// Events that should have a link by now.
    #[error("{count} events older than a minute are not in the chain, the first is event {first}")]
    Unlinked {
        /// How many.
        count: i64,
        /// The first.
        first: i64,
    },
    /// Events that were gone before they got their link.
    #[error("{count} events were removed while they waited for their link, the first was event {first}")]
    RemovedUnlinked {
        /// How many.
        count: i64,
        /// The first.
        first: i64,
    },
    /// A noted head is beyond the end of the chain.
    #[error("the chain ends before the head {noted}: its end was cut off")]
    CutOff {
        /// The noted head.
        noted: Head,
    },
    /// A noted head is not what stands at its position.
    #[error("the chain has the head {found} and not {noted}: it was written anew")]
    AnotherChain {
        /// The noted head.
        noted: Head,
        /// What stands there.
        found: Head,
    },
    /// A noted head is older than the chain.
    #[error("the head {noted} cannot be compared: the chain begins after position {after}")]
    HeadTooOld {
        /// The noted head.
        noted: Head,
        /// Where the chain begins.
        after: i64,
    },
}

/// Goes along the chain. After a fault it goes on from what stands there, so that each is told once.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    keys: &'a ChainKeys,
    expected: i64,
    /// Unknown after missing links.
    previous: Option<Digest>,
}

impl<'a> Checker<'a> {
    /// At the chain's beginning.
    pub fn new(keys: &'a ChainKeys, after: Option<Head>) -> Self {
        let after = after.unwrap_or(Head { position: 0, hash: BEGINNING });
        Self { keys, expected: after.position.saturating_add(1), previous: Some(after.hash) }
    }

    /// Compares the next link, and adds what is wrong with it.
    pub fn check(&mut self, link: &Link, event: Option<&Stored>, found: &mut Vec<Fault>) {
        let (position, seq) = (link.position, link.event_seq);
        if position < self.expected {
            found.push(Fault::BeforeBeginning { position });
            return;
        }
        if position > self.expected {
            found.push(Fault::LinksRemoved { from: self.expected, to: position - 1 });
            self.previous = None;
        }
        let previous = self.previous;
        self.expected = position.saturating_add(1);
        self.previous = store::digest(&link.hash);
        let Some(key) = self.keys.find(&link.key_id) else {
            found.push(Fault::WrongKey { from: position, to: position, key: hex(&link.key_id) });
            return;
        };
        let in_place = previous.is_none_or(|previous| {
            store::digest(&link.digest).is_some_and(|digest| key.hash(&previous, position, &digest)[..] == link.hash)
        });
        let origin_digest = link.origin_digest.as_deref().and_then(store::digest);
        let same = event.map(|event| key.digest(event, origin_digest.as_ref())[..] == link.digest);
        match (event, same, in_place) {
            (None, ..) | (_, None, _) => found.push(Fault::Removed { position, seq }),
            (Some(_), Some(false), true) => found.push(Fault::Changed { position, seq }),
            (Some(_), Some(false), false) => found.push(Fault::Forged { position, seq }),
            (Some(_), Some(true), false) => found.push(Fault::OutOfOrder { position, seq }),
            (Some(event), Some(true), true) => {
                let forgotten = event.address.is_none() && event.user_agent.is_none();
                if origin_digest.is_some() && forgotten {
                    if event.user_id.is_none() || event.account_exists {
                        found.push(Fault::OriginRemoved { position, seq });
                    }
                } else if key.origin_digest(event) != origin_digest {
                    found.push(Fault::Changed { position, seq });
                }
            }
        }
    }
}
