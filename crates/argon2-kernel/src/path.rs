//! Which code computes: chosen once, by what the processor can do and by whether
//! what it computes is right.

use core::fmt;

use crate::block::{Block, portable};
#[cfg(target_arch = "x86_64")]
use crate::block::{avx2, avx512};
use crate::fill::Segment;

/// One of the implementations. All give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Path {
    /// Plain Rust.
    Portable,
    /// Four words at a time.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Eight words at a time.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Whether the processor has a feature: asked at run time with `std` (which
/// remembers the answer), as compiled for without.
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

impl Path {
    /// All there are, slowest first.
    const ALL: &[Self] = &[
        Self::Portable,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
    ];

    /// Those this processor can run, slowest first.
    #[must_use = "it asks and changes nothing"]
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        Self::ALL.iter().copied().filter(|path| path.is_available())
    }

    /// The fastest this processor can run.
    #[must_use]
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

    /// Its name: `"portable"`, `"avx2"` or `"avx512"`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
        }
    }

    /// Where in a block the word numbered so by the RFC is. The first is at 0.
    pub(crate) fn position(self) -> fn(usize) -> usize {
        match self {
            Self::Portable => portable::position,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::position,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::position,
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

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which path to take, and which one was faster but wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The one to take.
    pub path: Path,
    /// The one that computed something else: its processor, or its code, is not to
    /// be trusted with passwords. Whoever chose should say so.
    pub failed: Option<Path>,
}

/// No path computes Argon2 here: not even plain Rust's tag is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoneIsRight;

impl fmt::Display for NoneIsRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this machine computes no Argon2 tag right")
    }
}

impl core::error::Error for NoneIsRight {}

impl Choice {
    /// The fastest path if it passes `check`, else plain Rust, else none.
    ///
    /// # Errors
    ///
    /// [`NoneIsRight`] if plain Rust does not pass either.
    pub fn checked_by(mut check: impl FnMut(Path) -> bool) -> Result<Self, NoneIsRight> {
        let fastest = Path::fastest();
        if check(fastest) {
            return Ok(Self { path: fastest, failed: None });
        }
        if fastest != Path::Portable && check(Path::Portable) {
            return Ok(Self { path: Path::Portable, failed: Some(fastest) });
        }
        Err(NoneIsRight)
    }
}
