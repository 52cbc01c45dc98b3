//! The compression function G (RFC 9106 sections 3.5 and 3.6), and the loop over a segment's blocks, once per backend.
//!
//! Each backend has the same parts, from which `segment_loop!` builds the loop, so that a block stays in registers from
//! one iteration to the next:
//!
//! * `State`: a block in registers, as far as possible;
//! * `load`: loads a block into the state;
//! * `absorb`: XORs the reference block into the state (R), and stores the feed-forward block;
//! * `permute`: applies P to rows and columns, and the final XOR. It calls back with the new block's first word as soon
//!   as that is known: the location of the next block depends only on it, so that block can be prefetched meanwhile;
//! * `forget`: clears a state in memory;
//! * `position`: the position of a word in a block.

#![allow(clippy::inline_always, reason = "a call would spill the whole state")]
#![allow(clippy::many_single_char_names, reason = "a, b, c, d are the names of RFC 9106")]

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod portable;

/// The size of a block in bytes.
pub(crate) const BLOCK_BYTES: usize = 1024;
const WORDS: usize = BLOCK_BYTES / 8;

/// A memory block of 1 KiB, aligned to cache lines.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Block(pub(crate) [u64; WORDS]);

impl Block {
    /// A block of zeroes, for callers that bring their own memory.
    pub const ZERO: Self = Self([0; WORDS]);
}

/// Omits the content, which may be secret.
impl core::fmt::Debug for Block {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Block(..)")
    }
}

/// Prefetches a block.
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

/// Stable Rust has no prefetch for other processors.
#[cfg(not(target_arch = "x86_64"))]
fn prefetch(_: *const Block, _: usize) {}

/// Generates the segment loops from the parts in scope.
macro_rules! segment_loop {
    ($(#[$attribute:meta])*) => {
        /// Computes all blocks of a segment.
        $(#[$attribute])*
        pub(crate) fn fill_segment(blocks: &mut [Block], segment: &crate::fill::Segment<'_>) {
            if segment.is_independent() {
                fill_independent(blocks, segment);
            } else {
                fill_dependent(blocks, segment);
            }
        }

        /// Data-dependent addressing: references come from the blocks.
        $(#[$attribute])*
        fn fill_dependent(blocks: &mut [Block], segment: &crate::fill::Segment<'_>) {
            let base = blocks.as_ptr();
            let mut feed = Block::ZERO;
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

        /// Data-independent addressing: all references are known in advance.
        $(#[$attribute])*
        fn fill_independent(blocks: &mut [Block], segment: &crate::fill::Segment<'_>) {
            use crate::fill::ADDRESSES;
            /// Prefetch distance in blocks.
            const AHEAD: usize = 4;

            let base = blocks.as_ptr();
            let mut feed = Block::ZERO;
            let mut state = load(&blocks[segment.previous()]);
            let mut input = segment.address_input(position);
            // Entries past the end are prefetched in vain.
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

        /// Computes the next block of addresses (RFC 9106 section 3.4.1.2).
        $(#[$attribute])*
        fn addresses(input: &mut Block, references: &mut [usize], segment: &crate::fill::Segment<'_>, from: u32) {
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

/// Clears a block that held part of the state.
fn clear(block: &mut Block) {
    crate::memory::clear(&mut block.0);
}
