//! Memory that held secrets is wiped; and, with `std`, where it comes from.

use core::sync::atomic::{Ordering, compiler_fence};

use crate::block::Block;

#[cfg(feature = "std")]
mod mapping;
#[cfg(feature = "std")]
pub use mapping::Memory;

/// Overwrites `blocks` with zeroes, in a way the compiler cannot leave out.
///
/// By ordinary stores: streaming ones gained the whole hash two per cent at the
/// very most, and nothing with all processors busy.
pub(crate) fn wipe(blocks: &mut [Block]) {
    // SAFETY: a block of zeroes is a block.
    unsafe { core::ptr::write_bytes(blocks.as_mut_ptr(), 0, blocks.len()) };
    observe(blocks);
}

/// The same for what lies on the stack.
pub(crate) fn clear<T: Copy + Default>(secret: &mut [T]) {
    secret.fill(T::default());
    observe(secret);
}

/// Someone may be looking, as far as the compiler can tell.
fn observe<T>(wiped: &mut [T]) {
    core::hint::black_box(wiped.as_mut_ptr());
    compiler_fence(Ordering::SeqCst);
}
