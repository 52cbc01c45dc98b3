//! Argon2id (RFC 9106, version 0x13), made for a service that hashes one
//! password after another on the same few workers.
//!
//! The tags are those of every other implementation, byte for byte. What
//! differs is the time: the memory is mapped once and in huge pages, the block
//! that is needed next is fetched as soon as its place is known, and the
//! compression function keeps its state in vector registers (AVX-512 or AVX2,
//! whichever the processor has; plain Rust elsewhere).
//!
//! ```
//! use vestibule_argon2::{Memory, Params, argon2id};
//!
//! let params = Params::new(19_456, 2, 1)?;
//! let mut memory = Memory::for_params(&params)?;
//! let mut tag = [0; 32];
//! argon2id(&mut memory, &params, b"password", b"sixteen bytes :)", &mut tag)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[macro_use]
mod block;
mod fill;
mod hash;
mod memory;
mod params;
#[cfg(test)]
mod tests;

pub use memory::Memory;
pub use params::{Error, InvalidParams, Params};

use block::Implementation;

/// Computes an Argon2id tag (RFC 9106 section 3.2) into the whole of `tag`,
/// without secret value or associated data.
///
/// `memory` is enlarged first if it is too small, and holds only zeroes again
/// afterwards. One call takes one thread, however many lanes there are. Nothing
/// but the memory accesses that Argon2id makes depend on the data depends on the
/// contents of `password` (RFC 9106 section 3.4.1.3).
///
/// # Errors
///
/// * [`Error::TagLength`] unless the tag has 4 to 64 bytes;
/// * [`Error::SaltLength`] if the salt has less than 8 bytes or over 2^32 - 1;
/// * [`Error::PasswordLength`] if the password has over 2^32 - 1 bytes;
/// * [`Error::OutOfMemory`] if the memory has to grow and cannot.
///
/// After an error `tag` is as it was.
pub fn argon2id(
    memory: &mut Memory,
    params: &Params,
    password: &[u8],
    salt: &[u8],
    tag: &mut [u8],
) -> Result<(), Error> {
    let inputs = hash::Inputs { password, salt, secret: &[], associated: &[] };
    hash::argon2id(Implementation::detect(), memory, params, &inputs, tag)
}

/// The code that [`argon2id`] runs on this processor: `"avx512"`, `"avx2"` or
/// `"portable"`.
#[must_use]
pub fn implementation() -> &'static str {
    Implementation::detect().name()
}

/// For this crate's own measurements: every implementation this processor can
/// run, by name, slowest first.
#[doc(hidden)]
#[must_use]
pub fn implementations() -> Vec<&'static str> {
    Implementation::available().map(Implementation::name).collect()
}

/// For this crate's own measurements: [`argon2id`] by the implementation named.
///
/// # Errors
///
/// As [`argon2id`].
///
/// # Panics
///
/// If the processor cannot run that implementation.
#[doc(hidden)]
pub fn argon2id_by(
    name: &str,
    memory: &mut Memory,
    params: &Params,
    password: &[u8],
    salt: &[u8],
    tag: &mut [u8],
) -> Result<(), Error> {
    let implementation = Implementation::available().find(|i| i.name() == name);
    let implementation = implementation.expect("an implementation this processor has");
    let inputs = hash::Inputs { password, salt, secret: &[], associated: &[] };
    hash::argon2id(implementation, memory, params, &inputs, tag)
}
