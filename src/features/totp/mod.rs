//! Codes of authenticator apps (RFC 6238).

mod store;

pub use store::{ListedTotp, list, sweep};
