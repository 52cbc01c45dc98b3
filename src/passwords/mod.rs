//! Password hashes, the pool of threads that computes them, and the verification of a password.

pub mod hash;
pub mod hasher;
pub mod proof;

use crate::mail::Kind;

pub use proof::{NewHash, new_hash};

/// The email to an owner whose password was changed.
pub const PASSWORD_CHANGED: Kind = Kind::notice("password-changed");
