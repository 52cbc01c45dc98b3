//! Apps: the second aggregate that every slice may use. What signs its people in here, by OpenID Connect or behind a
//! proxy.
//!
//! 1. An [`App`] is read with everything that decides about a request, in one statement ([`find`]).
//! 2. [`address`] compares the addresses that apps register: byte by byte, with one exception for loopback.
//! 3. [`requests`] holds what an app requested while its person signs in; [`consents`] what people allowed; [`grants`]
//!    what came of it.

pub mod address;
pub mod consents;
pub mod grants;
mod model;
pub mod requests;
mod store;

pub use model::{AccessFormat, App, AppKind, ClientAuth, Consent, Pkce, Scope, SigningAlgorithm};
pub use store::{find, find_by_gate, find_by_id, used_pkce};
