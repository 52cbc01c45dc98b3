#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]

#[macro_use]
mod block;
mod argon2;
mod backend;
mod blake2b;
mod fill;
mod hash;
mod memory;
mod params;
#[cfg(all(test, feature = "std"))]
mod tests;

pub use argon2::Argon2;
#[cfg(feature = "std")]
pub use argon2::has_known_tag;
pub use backend::{Backend, NoWorkingBackend, Selection};
pub use block::Block;
#[cfg(feature = "std")]
pub use memory::Memory;
pub use params::{Error, InvalidParams, Params, Variant};
