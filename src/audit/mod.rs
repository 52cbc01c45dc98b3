//! The audit log: what happened to accounts, written in the transaction that did it.
//!
//! 1. An event has a name and a few numbers, never an address, a person's name or a secret. Its origin (IP address and user
//!    agent) is in separate columns, erased with the account.
//! 2. [`Unit::commit`] inserts rows without contention. [`link_next`] chains committed events with a key that the
//!    database does not have.
//! 3. [`verify`] finds every event or link that was changed, removed, added or moved. It finds a truncated end with a
//!    [`Head`] recorded elsewhere.
//! 4. Refused sign-ins that meant no account are counted by network and minute, and become one event each
//!    ([`close_tallies`]).
//! 5. [`prune_next`] removes events older than [`KEPT_FOR_DAYS`], from the beginning only, and records that. What it
//!    cannot verify it leaves, unless the operator has recorded with [`forget_key`] that a key is gone.

mod chain;
mod check;
mod event;
mod keys;
mod linker;
pub mod log;
mod origins;
mod retention;
mod store;
mod tally;
mod unit;
mod verify;

pub use chain::{ChainKeys, Head, HeadError, KeyId, KeyIdError};
pub use check::Fault;
pub use event::{Actor, Event, PasswordPrompt};
pub use keys::{Forgetting, forget_key};
pub use linker::{Linked, link_next};
pub use origins::{forget_due, forget_origins};
pub use retention::{KEPT_FOR_DAYS, Pruned, prune_next};
pub use store::{Listed, head, holds, list_of};
pub use tally::close as close_tallies;
pub use unit::{Recorder, Unit};
pub use verify::{Verified, verify};
