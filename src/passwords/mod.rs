//! Password hashes, the pool of threads that computes them, and the verification of a password.

pub mod hash;
pub mod hasher;
mod new_hash;
pub mod proof;

pub use new_hash::{NewHash, new_hash};
