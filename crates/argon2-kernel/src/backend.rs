//! Backends, selected once by processor features and a known-answer test.

use core::fmt;

use crate::block::{Block, portable};
#[cfg(target_arch = "x86_64")]
use crate::block::{avx2, avx512};
use crate::fill::Segment;

/// An implementation of the compression function. All compute the same tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// Portable Rust.
    Portable,
    /// Four words at a time.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Eight words at a time.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Returns whether the processor has a feature: detected at run time with `std` (and cached), at compile time without.
#[cfg(target_arch = "x86_64")]
macro_rules! has {
    ($feature:tt) => {{
        #[cfg(feature = "std")]
        let has = std::is_x86_feature_detected!($feature);
        #[cfg(not(feature = "std"))]
        let has = cfg!(target_feature = $feature);
        has
    }};
}

impl Backend {
    /// Every backend, slowest first.
    const ALL: &[Self] = &[
        Self::Portable,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
    ];

    /// The backends that this processor supports, slowest first.
    #[must_use = "it only returns the backends"]
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        Self::ALL.iter().copied().filter(|backend| backend.is_available())
    }

    /// The fastest backend that this processor supports.
    pub fn fastest() -> Self {
        Self::available().next_back().unwrap_or(Self::Portable)
    }

    fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => has!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => has!("avx512f"),
        }
    }

    /// The name: `"portable"`, `"avx2"` or `"avx512"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
        }
    }

    /// The mapping from the RFC's word numbers to positions in a block. Word 0 is at position 0.
    pub(crate) fn position(self) -> fn(usize) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::position,
            _ => portable::position,
        }
    }

    /// Computes all blocks of a segment.
    pub(crate) fn fill_segment(self, blocks: &mut [Block], segment: &Segment<'_>) {
        assert!(self.is_available(), "this processor cannot run {self}");
        match self {
            Self::Portable => portable::fill_segment(blocks, segment),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has AVX2, as has just been checked.
            Self::Avx2 => unsafe { avx2::fill_segment(blocks, segment) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the processor has AVX-512F, as has just been checked.
            Self::Avx512 => unsafe { avx512::fill_segment(blocks, segment) },
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The selected backend, and a faster one that failed its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The backend to use.
    pub backend: Backend,
    /// The faster backend that computed a wrong tag: the processor or the code is faulty. Log a warning.
    pub failed: Option<Backend>,
}

/// No backend works on this machine: even the portable one computes a wrong tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoWorkingBackend;

impl fmt::Display for NoWorkingBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no Argon2 backend computes the right tag on this machine")
    }
}

impl core::error::Error for NoWorkingBackend {}

impl Selection {
    /// Selects the fastest backend if it passes `check`, or else the portable one.
    ///
    /// # Errors
    ///
    /// [`NoWorkingBackend`] if the portable backend fails too.
    pub fn checked_by(mut check: impl FnMut(Backend) -> bool) -> Result<Self, NoWorkingBackend> {
        let fastest = Backend::fastest();
        if check(fastest) {
            return Ok(Self { backend: fastest, failed: None });
        }
        if fastest != Backend::Portable && check(Backend::Portable) {
            return Ok(Self { backend: Backend::Portable, failed: Some(fastest) });
        }
        Err(NoWorkingBackend)
    }
}
