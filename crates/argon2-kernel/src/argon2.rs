//! What is asked of the kernel, and its known answer.

use crate::block::Block;
use crate::hash::{Inputs, hash};
#[cfg(feature = "std")]
use crate::memory::Memory;
use crate::memory::wipe;
use crate::params::{Error, Params, Variant};
use crate::path::Path;

/// An Argon2 function: a variant at a cost, computed by a path.
#[derive(Clone, Copy)]
pub struct Argon2<'a> {
    variant: Variant,
    params: Params,
    path: Path,
    secret: &'a [u8],
    associated: &'a [u8],
}

impl<'a> Argon2<'a> {
    /// Without secret value and associated data, by the path given: see
    /// [`Path::fastest`] and [`Choice`](crate::Choice).
    #[must_use]
    pub const fn new(variant: Variant, params: Params, path: Path) -> Self {
        Self { variant, params, path, secret: &[], associated: &[] }
    }

    /// With a secret value: K of RFC 9106 section 3.1.
    #[must_use]
    pub const fn secret(self, secret: &'a [u8]) -> Self {
        Self { secret, ..self }
    }

    /// With associated data: X of RFC 9106 section 3.1.
    #[must_use]
    pub const fn associated(self, associated: &'a [u8]) -> Self {
        Self { associated, ..self }
    }

    /// Computes the tag (RFC 9106 section 3.2) into the whole of `tag`, in the
    /// first [`Params::blocks`] of `blocks`. They are wiped afterwards.
    ///
    /// It takes the calling thread only, however many lanes there are. Nothing
    /// but the memory accesses that the variant makes depend on the password
    /// depends on its contents.
    ///
    /// # Errors
    ///
    /// * [`Error::TagLength`] unless the tag has 4 to 64 bytes;
    /// * [`Error::SaltLength`] if the salt has less than 8 bytes or over 2^32 - 1;
    /// * [`Error::PasswordLength`] and [`Error::InputLength`] above 2^32 - 1 bytes;
    /// * [`Error::OutOfMemory`] if the blocks are too few.
    ///
    /// After an error `tag` and `blocks` are as they were.
    pub fn hash_in(&self, blocks: &mut [Block], password: &[u8], salt: &[u8], tag: &mut [u8]) -> Result<(), Error> {
        let inputs = self.inputs(password, salt, tag)?;
        let blocks = blocks.get_mut(..self.params.blocks() as usize).ok_or(Error::OutOfMemory)?;
        hash(self.path, self.variant, &self.params, blocks, &inputs, tag);
        wipe(blocks);
        Ok(())
    }

    /// The same in a [`Memory`], which is enlarged first if it is too small and
    /// holds only zeroes afterwards.
    ///
    /// # Errors
    ///
    /// As [`Argon2::hash_in`]; [`Error::OutOfMemory`] if the memory has to grow and cannot.
    #[cfg(feature = "std")]
    pub fn hash(&self, memory: &mut Memory, password: &[u8], salt: &[u8], tag: &mut [u8]) -> Result<(), Error> {
        self.hash_unwiped(memory, password, salt, tag)?;
        memory.wipe();
        Ok(())
    }

    /// The same, but the memory is left as it is: the next hash writes every
    /// block of its own before it reads it, so between two of them there is
    /// nothing to be gained by zeroes that are overwritten at once, and they cost
    /// a tenth of a hash. Call [`Memory::wipe`] before waiting for anything;
    /// dropping the memory wipes it too.
    ///
    /// # Errors
    ///
    /// As [`Argon2::hash`].
    #[cfg(feature = "std")]
    pub fn hash_unwiped(&self, memory: &mut Memory, password: &[u8], salt: &[u8], tag: &mut [u8]) -> Result<(), Error> {
        let inputs = self.inputs(password, salt, tag)?;
        let blocks = memory.blocks(self.params.blocks() as usize)?;
        hash(self.path, self.variant, &self.params, blocks, &inputs, tag);
        Ok(())
    }

    fn inputs<'b>(&'b self, password: &'b [u8], salt: &'b [u8], tag: &[u8]) -> Result<Inputs<'b>, Error> {
        let inputs = Inputs { password, salt, secret: self.secret, associated: self.associated };
        inputs.check(tag.len())?;
        Ok(inputs)
    }
}

/// Without the secret value.
impl core::fmt::Debug for Argon2<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { variant, params, path, .. } = self;
        f.debug_struct("Argon2")
            .field("variant", variant)
            .field("params", params)
            .field("path", path)
            .finish_non_exhaustive()
    }
}

/// Argon2id of `"vestibule"` with the salt `"self-check, known"`, m=1024, t=2,
/// p=1, as RustCrypto's `argon2` computes it.
#[cfg(feature = "std")]
pub(crate) const KNOWN_TAG: [u8; 32] = [
    0x57, 0x00, 0xe7, 0xc3, 0x14, 0xea, 0xfb, 0x98, 0xc8, 0x3c, 0x21, 0x0b, 0x6c, 0x6f, 0x02, 0xc0, 0xd1, 0xe4, 0xe4,
    0x7e, 0x95, 0xa2, 0xe0, 0xdd, 0xe8, 0xcd, 0xb3, 0x6f, 0x06, 0xe5, 0xc9, 0x21,
];

/// Whether a path computes a tag that is known: in two passes over 1 MiB, of which
/// the first half of the first takes its references from a counter and everything
/// after from the blocks. It takes half a millisecond, or two in plain Rust.
///
/// For [`Choice::checked_by`](crate::Choice::checked_by), when a service starts. A
/// path whose memory cannot be had does not pass.
#[cfg(feature = "std")]
#[must_use]
pub fn has_known_tag(path: Path) -> bool {
    let Ok(params) = Params::new(1024, 2, 1) else { return false };
    let mut tag = [0; KNOWN_TAG.len()];
    let hashed =
        Argon2::new(Variant::Id, params, path).hash(&mut Memory::new(), b"vestibule", b"self-check, known", &mut tag);
    hashed.is_ok() && tag == KNOWN_TAG
}
