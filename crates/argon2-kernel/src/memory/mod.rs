//! Wiping of secrets, and, with `std`, allocation.

use core::sync::atomic::{Ordering, compiler_fence};

use crate::block::Block;

#[cfg(feature = "std")]
mod mapping;
#[cfg(feature = "std")]
pub use mapping::Memory;

/// Overwrites `blocks` with zeroes; the compiler cannot optimise it away.
///
/// Uses ordinary stores: streaming stores gained at most two per cent of a hash, and nothing with all processors busy.
pub(crate) fn wipe(blocks: &mut [Block]) {
    // SAFETY: a block of zeroes is a block.
    unsafe { core::ptr::write_bytes(blocks.as_mut_ptr(), 0, blocks.len()) };
    observe(blocks);
}

/// Overwrites data on the stack with zeroes.
pub(crate) fn clear<T: Copy + Default>(secret: &mut [T]) {
    secret.fill(T::default());
    observe(secret);
}

/// Makes the compiler assume that the memory is read.
fn observe<T>(wiped: &mut [T]) {
    core::hint::black_box(wiped.as_mut_ptr());
    compiler_fence(Ordering::SeqCst);
}
