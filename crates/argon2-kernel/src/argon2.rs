//! The API, and a known-answer test.

use crate::backend::Backend;
use crate::block::Block;
use crate::hash::hash;
#[cfg(feature = "std")]
use crate::memory::Memory;
use crate::memory::wipe;
use crate::params::{Error, MIN_SALT, Params, TAG_LENGTHS, Variant};

/// An Argon2 function: a variant, its parameters and a backend.
#[derive(Clone, Copy)]
pub struct Argon2<'a> {
    pub(crate) variant: Variant,
    pub(crate) params: Params,
    pub(crate) backend: Backend,
    pub(crate) secret: &'a [u8],
    pub(crate) associated: &'a [u8],
}

impl<'a> Argon2<'a> {
    /// Without secret value and associated data. For the backend see [`Backend::fastest`] and [`Selection`](crate::Selection).
    pub const fn new(variant: Variant, params: Params, backend: Backend) -> Self {
        Self { variant, params, backend, secret: &[], associated: &[] }
    }

    /// Sets the secret value: K of RFC 9106 section 3.1.
    #[must_use]
    pub const fn secret(self, secret: &'a [u8]) -> Self {
        Self { secret, ..self }
    }

    /// Sets the associated data: X of RFC 9106 section 3.1.
    #[must_use]
    pub const fn associated(self, associated: &'a [u8]) -> Self {
        Self { associated, ..self }
    }

    /// Computes the tag (RFC 9106 section 3.2) into `tag`, in the first [`Params::blocks`] of `blocks`, which are wiped
    /// afterwards.
    ///
    /// Uses only the calling thread, whatever the number of lanes. Timing does not depend on the password, except for
    /// memory accesses of variants with data-dependent addressing.
    ///
    /// # Errors
    ///
    /// * [`Error::TagLength`] unless the tag has 4 to 64 bytes;
    /// * [`Error::SaltLength`] if the salt has less than 8 bytes or over 2^32 - 1;
    /// * [`Error::PasswordLength`] and [`Error::InputLength`] above 2^32 - 1 bytes;
    /// * [`Error::OutOfMemory`] if there are too few blocks.
    ///
    /// After an error `tag` and `blocks` are unchanged.
    pub fn hash_in(&self, blocks: &mut [Block], password: &[u8], salt: &[u8], tag: &mut [u8]) -> Result<(), Error> {
        self.check(password, salt, tag)?;
        let blocks = blocks.get_mut(..self.params.blocks() as usize).ok_or(Error::OutOfMemory)?;
        hash(self, blocks, password, salt, tag);
        wipe(blocks);
        Ok(())
    }

    /// Computes the tag in a [`Memory`], which grows as needed and is wiped afterwards.
    ///
    /// # Errors
    ///
    /// As [`Argon2::hash_in`]; [`Error::OutOfMemory`] if the memory cannot grow.
    #[cfg(feature = "std")]
    pub fn hash(&self, memory: &mut Memory, password: &[u8], salt: &[u8], tag: &mut [u8]) -> Result<(), Error> {
        self.hash_unwiped(memory, password, salt, tag)?;
        memory.wipe();
        Ok(())
    }

    /// As [`Argon2::hash`], but without wiping the memory. The next hash writes every block before it reads it, so
    /// wiping between consecutive hashes is redundant and costs a tenth of a hash. Call [`Memory::wipe`] before
    /// waiting; dropping the memory wipes it too.
    ///
    /// # Errors
    ///
    /// As [`Argon2::hash`].
    #[cfg(feature = "std")]
    pub fn hash_unwiped(&self, memory: &mut Memory, password: &[u8], salt: &[u8], tag: &mut [u8]) -> Result<(), Error> {
        self.check(password, salt, tag)?;
        let blocks = memory.blocks(self.params.blocks() as usize)?;
        hash(self, blocks, password, salt, tag);
        Ok(())
    }

    fn check(&self, password: &[u8], salt: &[u8], tag: &[u8]) -> Result<(), Error> {
        let too_long = |input: &[u8]| u32::try_from(input.len()).is_err();
        if !TAG_LENGTHS.contains(&tag.len()) {
            return Err(Error::TagLength);
        }
        if salt.len() < MIN_SALT || too_long(salt) {
            return Err(Error::SaltLength);
        }
        if too_long(password) {
            return Err(Error::PasswordLength);
        }
        if too_long(self.secret) || too_long(self.associated) {
            return Err(Error::InputLength);
        }
        Ok(())
    }
}

/// Omits the secret value.
impl core::fmt::Debug for Argon2<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { variant, params, backend, .. } = self;
        f.debug_struct("Argon2")
            .field("variant", variant)
            .field("params", params)
            .field("backend", backend)
            .finish_non_exhaustive()
    }
}

/// Argon2id of `"vestibule"` with the salt `"self-check, known"`, m=1024, t=2, p=1, as computed by RustCrypto's
/// `argon2`.
#[cfg(feature = "std")]
pub(crate) const KNOWN_TAG: [u8; 32] = [
    0x57, 0x00, 0xe7, 0xc3, 0x14, 0xea, 0xfb, 0x98, 0xc8, 0x3c, 0x21, 0x0b, 0x6c, 0x6f, 0x02, 0xc0, 0xd1, 0xe4, 0xe4,
    0x7e, 0x95, 0xa2, 0xe0, 0xdd, 0xe8, 0xcd, 0xb3, 0x6f, 0x06, 0xe5, 0xc9, 0x21,
];

/// Returns whether a backend passes a known-answer test: two passes over 1 MiB, with data-independent and
/// data-dependent addressing. Takes half a millisecond, or two in portable Rust.
///
/// For [`Selection::checked_by`](crate::Selection::checked_by) at startup. A backend whose memory cannot be allocated fails.
#[cfg(feature = "std")]
pub fn has_known_tag(backend: Backend) -> bool {
    let Ok(params) = Params::new(1024, 2, 1) else { return false };
    let mut tag = [0; KNOWN_TAG.len()];
    let argon2 = Argon2::new(Variant::Id, params, backend);
    let hashed = argon2.hash(&mut Memory::new(), b"vestibule", b"self-check, known", &mut tag);
    hashed.is_ok() && tag == KNOWN_TAG
}
