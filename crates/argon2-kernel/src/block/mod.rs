//! The compression function G (RFC 9106 sections 3.5 and 3.6), and the loop
//! over a segment's blocks around it, once for each kind of processor.
//!
//! Each implementation has the same pieces, and `segment_loop!` makes the
//! loop from them, so that a block stays in registers from one turn to the next:
//!
//! * `State`: a block in registers (or as near as there is room);
//! * `load`: the state that a block in memory stands for;
//! * `absorb`: R, the state combined with the block referred to, becomes the
//!   state; R combined with what the result is to be combined with is kept aside;
//! * `permute`: P over the rows and columns, and the final exclusive or. It calls
//!   back with the new block's first word as soon as that is known, as the place
//!   of the next block depends on nothing else, and that block can be fetched
//!   while the rest of this one is computed;
//! * `forget`: the last state is cleared where it lies in memory;
//! * `position`: where in a block a word is kept.

#![allow(clippy::inline_always, reason = "a step that is called spills the whole state")]
#![allow(clippy::many_single_char_names, reason = "a, b, c, d are the names of RFC 9106")]

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod portable;

/// The bytes of a block.
pub(crate) const BLOCK_BYTES: usize = 1024;
const WORDS: usize = BLOCK_BYTES / 8;

/// A block of the memory, on a boundary of whole cache lines: 1 KiB.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Block(pub(crate) [u64; WORDS]);

impl Block {
    /// A block of zeroes, for whoever brings memory of their own.
    pub const ZERO: Self = Self([0; WORDS]);
}

/// Without what it holds, which may be worth hiding.
impl core::fmt::Debug for Block {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Block(..)")
    }
}

/// Asks for a block to be brought near.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch(blocks: *const Block, place: usize) {
    for line in 0..BLOCK_BYTES / 64 {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let address = blocks.wrapping_add(place).cast::<i8>().wrapping_add(line * 64);
        // SAFETY: a prefetch of any address is allowed, and every x86-64
        // processor has the instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address) };
    }
}

/// Other processors have no such request in stable Rust.
#[cfg(not(target_arch = "x86_64"))]
fn prefetch(_: *const Block, _: usize) {}

/// The loops over a segment, from the pieces in scope where it is called.
macro_rules! segment_loop {
    ($(#[$attribute:meta])*) => {
        /// Computes all blocks of a segment.
        $(#[$attribute])*
        pub(crate) fn fill_segment(
            blocks: &mut [crate::block::Block],
            segment: &crate::fill::Segment<'_>,
        ) {
            if segment.is_independent() {
                fill_independent(blocks, segment);
            } else {
                fill_dependent(blocks, segment);
            }
        }

        /// The references come from the blocks themselves.
        $(#[$attribute])*
        fn fill_dependent(
            blocks: &mut [crate::block::Block],
            segment: &crate::fill::Segment<'_>,
        ) {
            let base = blocks.as_ptr();
            let mut feed = crate::block::Block::ZERO;
            let previous = &blocks[segment.previous()];
            let mut reference = segment.reference(previous.0[0], segment.first());
            let mut state = load(previous);
            for index in segment.first()..segment.end() {
                let current = segment.start() + index as usize;
                let old = segment.overwrites().then(|| &blocks[current]);
                absorb(&mut state, &mut feed, &blocks[reference], old);
                crate::block::prefetch(base, current + 1);
                permute(&mut state, &feed, &mut blocks[current], |word| {
                    reference = segment.reference(word, index + 1);
                    crate::block::prefetch(base, reference);
                });
            }
            forget(&mut state);
            crate::block::clear(&mut feed);
        }

        /// The references come from a counter: all are known ahead.
        $(#[$attribute])*
        fn fill_independent(
            blocks: &mut [crate::block::Block],
            segment: &crate::fill::Segment<'_>,
        ) {
            use crate::fill::ADDRESSES;
            /// How many blocks ahead of its use a block is asked for.
            const AHEAD: usize = 4;

            let base = blocks.as_ptr();
            let mut feed = crate::block::Block::ZERO;
            let mut state = load(&blocks[segment.previous()]);
            let mut input = segment.address_input(position);
            // Past the end stand places that are prefetched for nothing.
            let mut references = [0; ADDRESSES as usize + AHEAD];
            for from in (0..segment.end()).step_by(ADDRESSES as usize) {
                addresses(&mut input, &mut references, segment, from);
                let to = segment.end().min(from + ADDRESSES);
                for index in segment.first().max(from)..to {
                    let current = segment.start() + index as usize;
                    let upcoming = (index - from) as usize;
                    let old = segment.overwrites().then(|| &blocks[current]);
                    absorb(&mut state, &mut feed, &blocks[references[upcoming]], old);
                    crate::block::prefetch(base, current + 1);
                    permute(&mut state, &feed, &mut blocks[current], |_| {
                        crate::block::prefetch(base, references[upcoming + AHEAD]);
                    });
                }
            }
            forget(&mut state);
            crate::block::clear(&mut feed);
        }

        /// The next block of addresses (RFC 9106 section 3.4.1.2), as places.
        $(#[$attribute])*
        fn addresses(
            input: &mut crate::block::Block,
            references: &mut [usize],
            segment: &crate::fill::Segment<'_>,
            from: u32,
        ) {
            use crate::block::Block;
            use crate::fill::ADDRESSES;

            input.0[position(6)] += 1;
            let mut words = *input;
            for _ in 0..2 {
                let mut feed = Block::ZERO;
                let mut state = load(&Block::ZERO);
                absorb(&mut state, &mut feed, &words, None);
                permute(&mut state, &feed, &mut words, |_| {});
            }
            let indices = from.max(segment.first())..segment.end().min(from + ADDRESSES);
            for index in indices {
                let upcoming = (index - from) as usize;
                references[upcoming] = segment.reference(words.0[position(upcoming)], index);
            }
        }
    };
}
use segment_loop;

/// Clears a block that held some of the state.
fn clear(block: &mut Block) {
    crate::memory::clear(&mut block.0);
}
