//! Passkeys (WebAuthn level 3): adding them, and proving with one who you are.

mod store;

pub use store::{ListedPasskey, list};
