//! The large memory of one worker.

use core::ptr::{self, NonNull};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use crate::block::Block;
use crate::params::{Error, Params};

use super::wipe;

/// The size of a transparent huge page on Linux. Mappings of at least this size are aligned and rounded to it, so that
/// all of them can be huge.
const HUGE_PAGE: usize = 2 << 20;

/// The memory of one worker: allocated once, used for any number of hashes.
///
/// It is an anonymous mapping, in huge pages where available (random references would miss the TLB otherwise), and
/// excluded from core dumps on Linux. It holds the last hash's content until wiped, which
/// [`Argon2::hash`](crate::Argon2::hash) does itself. It grows with larger parameters and never shrinks; dropping it
/// wipes and unmaps it.
#[derive(Debug)]
pub struct Memory {
    /// Start and length of the mapping; length zero means unmapped.
    mapping: NonNull<core::ffi::c_void>,
    mapped: usize,
    /// The first block in the mapping, aligned to at least a page.
    blocks: NonNull<Block>,
    count: usize,
    /// How many blocks, from the first, may be non-zero.
    used: usize,
}

// SAFETY: this value owns the mapping exclusively, so it may move to another thread.
unsafe impl Send for Memory {}
// SAFETY: a shared reference gives access to the lengths only.
unsafe impl Sync for Memory {}

impl Memory {
    /// Creates an empty memory; the first hash allocates it.
    pub const fn new() -> Self {
        Self { mapping: NonNull::dangling(), mapped: 0, blocks: NonNull::dangling(), count: 0, used: 0 }
    }

    /// Allocates memory for `params` in advance.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`] if the system refuses the mapping.
    pub fn for_params(params: &Params) -> Result<Self, Error> {
        let mut memory = Self::new();
        memory.reserve(params.blocks() as usize)?;
        Ok(memory)
    }

    /// The size in bytes; 0 before its first use.
    pub const fn len(&self) -> usize {
        self.count * size_of::<Block>()
    }

    /// Returns whether nothing is allocated yet.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Overwrites what hashes left in the memory with zeroes; does nothing if none ran since the last wipe.
    pub fn wipe(&mut self) {
        // SAFETY: as in `blocks`; `used` is `count` at most.
        wipe(unsafe { core::slice::from_raw_parts_mut(self.blocks.as_ptr(), self.used) });
        self.used = 0;
    }

    /// Returns the first `count` blocks for writing, allocating them if necessary.
    pub(crate) fn blocks(&mut self, count: usize) -> Result<&mut [Block], Error> {
        self.reserve(count)?;
        self.used = self.used.max(count);
        // SAFETY: `reserve` left at least `count` blocks behind the pointer,
        // aligned, initialised (a fresh mapping is zero) and only ours; every
        // bit pattern is a block; the borrow of `self` keeps them.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.blocks.as_ptr(), count) })
    }

    fn reserve(&mut self, count: usize) -> Result<(), Error> {
        if count <= self.count {
            return Ok(());
        }
        let size = count * size_of::<Block>();
        let (size, spare) = if size < HUGE_PAGE { (size, 0) } else { (size.next_multiple_of(HUGE_PAGE), HUGE_PAGE) };
        let mapped = size + spare;
        // Nothing is copied: the next hash writes before it reads.
        self.release();
        // SAFETY: an anonymous private mapping at an address of the kernel's
        // choice touches nothing that exists.
        let mapping =
            unsafe { mmap_anonymous(ptr::null_mut(), mapped, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) }
                .ok()
                .and_then(NonNull::new)
                .ok_or(Error::OutOfMemory)?;
        let offset = if spare == 0 { 0 } else { mapping.as_ptr().cast::<u8>().align_offset(HUGE_PAGE) };
        self.mapping = mapping;
        self.mapped = mapped;
        // SAFETY: `offset` is at most `spare` less one, so `size` bytes follow
        // it within the mapping; a page's alignment is more than a block's.
        self.blocks = unsafe { mapping.byte_add(offset) }.cast();
        self.count = size / size_of::<Block>();
        self.advise(size);
        Ok(())
    }

    /// Requests huge pages and exclusion from core dumps; without support, memory is slower but as correct.
    #[cfg(target_os = "linux")]
    fn advise(&self, size: usize) {
        use rustix::mm::{Advice, madvise};
        for advice in [Advice::LinuxHugepage, Advice::LinuxDontDump] {
            // SAFETY: the range is ours, and neither advice changes what it holds.
            let _refused = unsafe { madvise(self.blocks.as_ptr().cast(), size, advice) };
        }
    }

    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self)]
    fn advise(&self, _size: usize) {}

    fn release(&mut self) {
        self.wipe();
        if self.mapped != 0 {
            // SAFETY: exactly what `reserve` mapped, and no borrow of it lives:
            // `self` is borrowed alone. It fails only for a range never mapped.
            let _never_fails = unsafe { munmap(self.mapping.as_ptr(), self.mapped) };
        }
        self.mapped = 0;
        self.count = 0;
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
impl Memory {
    /// All blocks, for inspection.
    pub(crate) fn all(&self) -> &[Block] {
        // SAFETY: as in `blocks`.
        unsafe { core::slice::from_raw_parts(self.blocks.as_ptr(), self.count) }
    }
}
