//! Tokens as others send them: whole, forged and broken. Rows of attacks are named `a29` and so on.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod claims;
mod forge;
mod header;
mod keys;
mod shape;
mod signature;
mod signing;
