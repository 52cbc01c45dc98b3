//! The large memory of one worker: mapped once, used by many hashes.

use core::ptr::{self, NonNull};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use crate::block::Block;
use crate::params::{Error, Params};

use super::wipe;

/// The size of a huge page where Linux has them on demand. From this size on,
/// a mapping is laid and rounded to it, so that all of it can be huge.
const HUGE_PAGE: usize = 2 << 20;

/// The memory one worker fills: allocated once, used for any number of hashes.
///
/// It is an anonymous mapping, in huge pages where the system grants them (the
/// references are spread over all of it, more pages than the processor keeps
/// translations of), and left out of core dumps on Linux. It holds what the last
/// hash left in it until it is wiped, which [`Argon2::hash`](crate::Argon2::hash)
/// sees to itself. It grows when larger parameters come and never shrinks;
/// dropping it wipes it and gives it back to the system.
#[derive(Debug)]
pub struct Memory {
    /// Where the mapping starts, and how long it is; nothing is mapped when
    /// the length is zero.
    mapping: NonNull<core::ffi::c_void>,
    mapped: usize,
    /// The first block: in the mapping, on a boundary of at least a page.
    blocks: NonNull<Block>,
    count: usize,
    /// How many of them, from the first, may hold more than zeroes.
    used: usize,
}

// SAFETY: the mapping belongs to this value alone, so it may move to another
// thread with it.
unsafe impl Send for Memory {}
// SAFETY: a shared reference gives access to the lengths only.
unsafe impl Sync for Memory {}

impl Memory {
    /// A memory of no size: the first hash allocates it.
    #[must_use]
    pub const fn new() -> Self {
        Self { mapping: NonNull::dangling(), mapped: 0, blocks: NonNull::dangling(), count: 0, used: 0 }
    }

    /// A memory large enough for `params`, so that no hash of them allocates.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`] if the system refuses the mapping.
    pub fn for_params(params: &Params) -> Result<Self, Error> {
        let mut memory = Self::new();
        memory.reserve(params.blocks() as usize)?;
        Ok(memory)
    }

    /// The bytes this memory has for blocks: 0 before its first use.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count * size_of::<Block>()
    }

    /// Whether nothing has been allocated yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Overwrites with zeroes whatever hashes have left. Without one since the
    /// last time, it does nothing.
    pub fn wipe(&mut self) {
        // SAFETY: as in `blocks`; `used` is `count` at most.
        wipe(unsafe { core::slice::from_raw_parts_mut(self.blocks.as_ptr(), self.used) });
        self.used = 0;
    }

    /// The first `count` blocks, allocated first where they are not there yet,
    /// to be written.
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
        // Nothing to carry over: the next hash writes what it reads.
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

    /// Asks for huge pages and for no core dumps; a system that knows neither
    /// gives ordinary memory, which is slower but as correct.
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
    /// All of it, for a look.
    pub(crate) fn all(&self) -> &[Block] {
        // SAFETY: as in `blocks`.
        unsafe { core::slice::from_raw_parts(self.blocks.as_ptr(), self.count) }
    }
}
