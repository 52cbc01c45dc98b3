//! The audit trail: what happened to accounts, written in the same transaction as the fact.
//!
//! 1. An event says what happened in a word and a few numbers, never with an address, a name or a
//!    secret. Where it came from stands beside it and goes when the account is erased.
//! 2. [`record`] inserts a row that nobody else writes. [`link_next`] chains what was committed, one
//!    event after another, with a key that the database does not have.
//! 3. [`verify`] finds every event or link that was changed, removed, added or put in another place.
//!    An end that was cut off is found with a [`Head`] that was noted elsewhere.
//! 4. [`prune_next`] removes what is older than [`KEPT_FOR_DAYS`], from the chain's beginning only, and
//!    leaves an event that says so.

mod chain;
mod check;
mod event;
mod linker;
mod origins;
mod retention;
mod store;
mod verify;

pub use chain::{ChainKeys, Head, HeadError};
pub use check::Fault;
pub use event::{Actor, Entry, Event, Origin};
pub use linker::{Linked, link_next};
pub use origins::{forget_due, forget_origins};
pub use retention::{KEPT_FOR_DAYS, Pruned, prune_next};
pub use store::{Listed, head, holds, list_of, record};
pub use verify::{Verified, verify};
