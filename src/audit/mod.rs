//! The audit trail: what happened to accounts, written in the same transaction as the fact.
//!
//! An event says what happened in a word and a few numbers, never with an address, a name or a
//! secret. Where it came from stands beside it and goes when the account is erased.

mod event;
mod store;

pub use event::{Actor, Entry, Event, Origin};
pub use store::{forget_origin, record};
