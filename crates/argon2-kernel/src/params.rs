//! Cost parameters and their bounds.

use core::fmt;

/// Minimum salt length in bytes.
///
/// RFC 9106 section 3.1 allows shorter salts but recommends 16 bytes; other implementations require eight.
pub(crate) const MIN_SALT: usize = 8;
/// Valid tag lengths in bytes: RFC 9106 section 3.1 requires at least 4, and a single `BLAKE2b` call yields up to 64.
pub(crate) const TAG_LENGTHS: core::ops::RangeInclusive<usize> = 4..=64;

const MAX_MEMORY: u32 = 1 << 20;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 16;

/// The variant (RFC 9106 section 1). Use [`Variant::Id`] for passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Argon2d: addressing depends on the password from the start.
    D = 0,
    /// Argon2i: addressing never depends on the password.
    I = 1,
    /// Argon2id: addressing depends on the password from the middle of the first pass.
    Id = 2,
}

impl Variant {
    /// The type of RFC 9106 section 3.2, step 1: `y`.
    pub(crate) const fn number(self) -> u32 {
        self as u32
    }
}

/// Validated cost parameters (RFC 9106 section 3.1: `m`, `t`, `p`), always within the bounds of [`Params::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Params {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Params {
    /// Validates the parameters.
    ///
    /// * `m_kib`: memory in KiB, from `8 * p` to 1 GiB (1,048,576 KiB);
    /// * `t`: passes over that memory, from 1 to 64;
    /// * `p`: lanes, from 1 to 16. They are computed in turn on the calling thread: `p` changes the tag, not the number
    ///   of threads.
    ///
    /// # Errors
    ///
    /// The first parameter out of bounds, in the order lanes, passes, memory.
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

    /// Memory in KiB, as given; the hash uses [`Params::blocks`] of it.
    pub const fn m_kib(&self) -> u32 {
        self.memory
    }

    /// Passes over the memory.
    pub const fn t(&self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub const fn p(&self) -> u32 {
        self.lanes
    }

    /// Number of 1 KiB blocks: `m'` of RFC 9106 section 3.2, step 2, which is `m` rounded down to a multiple of `4 *
    /// p`.
    pub const fn blocks(&self) -> u32 {
        self.memory / (4 * self.lanes) * (4 * self.lanes)
    }
}

/// The parameter out of bounds; see [`Params::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidParams {
    /// Less than 8 KiB per lane, or more than 1 GiB.
    Memory,
    /// No passes, or more than 64.
    Passes,
    /// No lanes, or more than 16.
    Lanes,
}

impl fmt::Display for InvalidParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "the memory must be from 8 KiB per lane to 1 GiB",
            Self::Passes => "the passes must be from 1 to 64",
            Self::Lanes => "the lanes must be from 1 to 16",
        })
    }
}

impl core::error::Error for InvalidParams {}

/// Why a hash could not be computed. No variant depends on the password's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The password is longer than 2^32 - 1 bytes (RFC 9106 section 3.1).
    PasswordLength,
    /// The salt is shorter than 8 bytes or longer than 2^32 - 1.
    SaltLength,
    /// The requested tag is shorter than 4 bytes or longer than 64.
    TagLength,
    /// The secret value or the associated data is longer than 2^32 - 1 bytes.
    InputLength,
    /// The operating system refused memory, or there are too few blocks.
    OutOfMemory,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PasswordLength => "the password must be at most 2^32 - 1 bytes long",
            Self::SaltLength => "the salt must be from 8 to 2^32 - 1 bytes long",
            Self::TagLength => "the tag must be from 4 to 64 bytes long",
            Self::InputLength => "the secret value and the associated data must be at most 2^32 - 1 bytes long",
            Self::OutOfMemory => "out of memory for the hash",
        })
    }
}

impl core::error::Error for Error {}
