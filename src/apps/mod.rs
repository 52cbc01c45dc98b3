//! Apps: the second aggregate that every slice may use. What signs its people in here, by OpenID Connect or behind a
//! proxy.
//!
//! 1. An [`App`] is read with everything that decides about a request, in one statement ([`find`]).
//! 2. [`AppCache`] caches apps, and [`TokenCache`] the validity of their access tokens.
//! 3. [`address`] compares the addresses that apps register: byte by byte, with one exception for loopback.
//! 4. [`keys`] are what their tokens are signed with.
//! 5. [`requests`] holds what an app requested while its person signs in; [`consents`] what people allowed; [`grants`]
//!    what came of it.
//! 6. [`tokens`] holds codes, access tokens and refresh tokens, each of which belongs to a grant.
//! 7. [`judge`] says in one statement what a grant, and with it a token, is worth now.
//! 8. [`documents`] finds clients whose `client_id` is the address of a client ID metadata document.
//! 9. [`claims`] says what an app learns about a person, by the scopes that were granted.

pub mod address;
mod cache;
pub mod claims;
pub mod consents;
pub mod documents;
pub mod grants;
pub mod judge;
pub mod keys;
mod model;
pub mod registry;
pub mod requests;
mod store;
mod token_cache;
pub mod tokens;

pub use cache::AppCache;
pub use documents::Documents;
pub use model::{AccessFormat, App, AppKind, ClientAuth, Consent, Pkce, Scope, SigningAlgorithm};
pub use store::{find, find_by_gate, find_by_id, is_origin_of_app, used_pkce};
pub use token_cache::TokenCache;
