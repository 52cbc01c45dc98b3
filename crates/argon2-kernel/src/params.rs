//! The cost parameters of Argon2id and their bounds.

use core::fmt;

/// The smallest number of bytes a salt may have.
///
/// RFC 9106 section 3.1 allows shorter ones but recommends 16; eight is the
/// floor the other implementations hold to.
pub(crate) const MIN_SALT: usize = 8;
/// The lengths a tag may have, in bytes (RFC 9106 section 3.1 says at least 4;
/// up to 64 a single `BLAKE2b` call yields it).
pub(crate) const TAG_LENGTHS: core::ops::RangeInclusive<usize> = 4..=64;

const MAX_MEMORY: u32 = 1 << 20;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 16;

/// Which Argon2 (RFC 9106 section 1). For passwords it is [`Variant::Id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Argon2d: which memory is read depends on the password from the start.
    D,
    /// Argon2i: it never does.
    I,
    /// Argon2id: it does from the middle of the first pass on.
    Id,
}

impl Variant {
    /// The number of RFC 9106 section 3.2, step 1: `y`.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::D => 0,
            Self::I => 1,
            Self::Id => 2,
        }
    }
}

/// Cost parameters that have been checked (RFC 9106 section 3.1: `m`, `t`, `p`).
///
/// A value of this type is always within the bounds that [`Params::new`] states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Params {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Params {
    /// Checks the three costs and keeps them.
    ///
    /// * `m_kib`: memory in KiB, from `8 * p` to 1 GiB (1,048,576 KiB);
    /// * `t`: passes over that memory, from 1 to 64;
    /// * `p`: lanes, from 1 to 16. Lanes are computed one after another on the
    ///   calling thread: `p` changes the tag, not the number of threads.
    ///
    /// # Errors
    ///
    /// The first of lanes, passes and memory found out of its bounds.
    pub const fn new(m_kib: u32, t: u32, p: u32) -> Result<Self, InvalidParams> {
        if p < 1 || p > MAX_LANES {
            return Err(InvalidParams::Lanes);
        }
        if t < 1 || t > MAX_PASSES {
            return Err(InvalidParams::Passes);
        }
        if m_kib < 8 * p || m_kib > MAX_MEMORY {
            return Err(InvalidParams::Memory);
        }
        Ok(Self { memory: m_kib, passes: t, lanes: p })
    }

    /// Memory in KiB, as given: the hash itself uses [`Params::blocks`] of it.
    #[must_use]
    pub const fn m_kib(&self) -> u32 {
        self.memory
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn t(&self) -> u32 {
        self.passes
    }

    /// Lanes.
    #[must_use]
    pub const fn p(&self) -> u32 {
        self.lanes
    }

    /// The 1 KiB blocks filled: `m'` of RFC 9106 section 3.2, step 2, which is
    /// `m` rounded down to a multiple of `4 * p`.
    #[must_use]
    pub const fn blocks(&self) -> u32 {
        self.memory / (4 * self.lanes) * (4 * self.lanes)
    }
}

/// Which cost parameter is out of bounds; [`Params::new`] states the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidParams {
    /// The memory is under 8 KiB a lane, or over 1 GiB.
    Memory,
    /// There are no passes, or more than 64.
    Passes,
    /// There are no lanes, or more than 16.
    Lanes,
}

impl fmt::Display for InvalidParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "the memory must be from 8 KiB a lane to 1 GiB",
            Self::Passes => "the passes must be from 1 to 64",
            Self::Lanes => "the lanes must be from 1 to 16",
        })
    }
}

impl core::error::Error for InvalidParams {}

/// Why a hash could not be computed. No variant depends on the password's
/// contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The password is longer than 2^32 - 1 bytes (RFC 9106 section 3.1).
    PasswordLength,
    /// The salt is shorter than 8 bytes or longer than 2^32 - 1.
    SaltLength,
    /// The tag asked for is not from 4 to 64 bytes long.
    TagLength,
    /// The secret value or the associated data is longer than 2^32 - 1 bytes.
    InputLength,
    /// The operating system gave no memory, or the blocks given are too few.
    OutOfMemory,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PasswordLength => "the password must be at most 2^32 - 1 bytes long",
            Self::SaltLength => "the salt must be from 8 to 2^32 - 1 bytes long",
            Self::TagLength => "the tag must be from 4 to 64 bytes long",
            Self::InputLength => "the secret value and the associated data must be at most 2^32 - 1 bytes long",
            Self::OutOfMemory => "there is no memory for the hash",
        })
    }
}

impl core::error::Error for Error {}
