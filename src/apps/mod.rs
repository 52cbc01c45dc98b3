//! Apps: the second aggregate that every slice may use. What signs its people in here, by OpenID Connect or behind a
//! proxy.
//!
//! 1. An [`App`] is read with everything that decides about a request, in one statement ([`find`]).
//! 2. [`address`] compares the addresses that apps register: byte by byte, with one exception for loopback.
//! 3. [`registry`] writes what the operator registers.

pub mod address;
mod model;
pub mod registry;
mod store;

pub use model::{AccessFormat, App, AppKind, ClientAuth, Consent, Pkce, Scope, SigningAlgorithm};
pub use store::{find, find_by_gate, find_by_id};
