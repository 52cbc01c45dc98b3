//! Filling the memory: passes, slices, lanes, and which block refers to which
//! (RFC 9106 sections 3.2, steps 5 and 6, and 3.4).

use crate::block::Block;
use crate::params::{Params, Variant};
use crate::path::Path;

/// Slices of a pass (RFC 9106 section 3.4: `SL`).
const SLICES: u32 = 4;
/// The pseudo-random words one address block holds.
pub(crate) const ADDRESSES: u32 = 128;

/// How the memory is divided: the same for all passes.
pub(crate) struct Layout {
    variant: Variant,
    pub(crate) lanes: u32,
    passes: u32,
    /// Blocks in a lane: `q` of the RFC.
    lane_length: u32,
    /// Blocks of a lane in a slice.
    segment_length: u32,
}

impl Layout {
    pub(crate) const fn new(variant: Variant, params: &Params) -> Self {
        let lane_length = params.blocks() / params.p();
        Self { variant, lanes: params.p(), passes: params.t(), lane_length, segment_length: lane_length / SLICES }
    }

    /// All the blocks: `m'` of the RFC.
    pub(crate) const fn blocks(&self) -> usize {
        self.lane_length as usize * self.lanes as usize
    }

    /// The place of a lane's first block.
    pub(crate) const fn lane_start(&self, lane: u32) -> usize {
        lane as usize * self.lane_length as usize
    }
}

/// Fills the memory, of which every lane's first two blocks are in place.
pub(crate) fn fill(path: Path, layout: &Layout, blocks: &mut [Block]) {
    assert_eq!(blocks.len(), layout.blocks(), "the layout is that of the memory");
    for pass in 0..layout.passes {
        for slice in 0..SLICES {
            // The lanes of a slice do not depend on one another, so computing
            // them in turn gives what computing them at once would.
            for lane in 0..layout.lanes {
                let segment = Segment::new(layout, pass, slice, lane);
                path.fill_segment(blocks, &segment);
            }
        }
    }
}

/// One lane's part of one slice in one pass.
pub(crate) struct Segment<'a> {
    layout: &'a Layout,
    pass: u32,
    slice: u32,
    lane: u32,
    /// How many blocks of a lane can be referred to, before those this segment
    /// adds: the segments already complete.
    complete: u32,
    /// The column in a lane where those blocks start.
    window: u32,
}

impl<'a> Segment<'a> {
    const fn new(layout: &'a Layout, pass: u32, slice: u32, lane: u32) -> Self {
        let length = layout.segment_length;
        let (complete, window) = if pass == 0 {
            (slice * length, 0)
        } else {
            // The three other segments, of which the oldest is the next.
            ((SLICES - 1) * length, (slice + 1) % SLICES * length)
        };
        Self { layout, pass, slice, lane, complete, window }
    }

    /// Whether the references come from a counter and not from the blocks: with
    /// Argon2id in the first half of the first pass (RFC 9106 section 3.4.1.3).
    pub(crate) const fn is_independent(&self) -> bool {
        match self.layout.variant {
            Variant::D => false,
            Variant::I => true,
            Variant::Id => self.pass == 0 && self.slice < SLICES / 2,
        }
    }

    /// Whether a block is combined with what it held in the pass before.
    pub(crate) const fn overwrites(&self) -> bool {
        self.pass != 0
    }

    /// The first index to compute: two blocks of each lane are there already.
    pub(crate) const fn first(&self) -> u32 {
        if self.pass == 0 && self.slice == 0 { 2 } else { 0 }
    }

    /// The index after the last.
    pub(crate) const fn end(&self) -> u32 {
        self.layout.segment_length
    }

    /// The place in memory of the block with index 0.
    pub(crate) const fn start(&self) -> usize {
        self.layout.lane_start(self.lane) + (self.slice * self.layout.segment_length) as usize
    }

    /// The place in memory of the block before the first one to compute.
    pub(crate) const fn previous(&self) -> usize {
        if self.slice == 0 && self.first() == 0 {
            self.layout.lane_start(self.lane + 1) - 1
        } else {
            self.start() + self.first() as usize - 1
        }
    }

    /// The place in memory of the block that the one with `index` refers to,
    /// from its pseudo-random word J2 || J1 (RFC 9106 section 3.4.2).
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both are less than 2^32, as said there")]
    pub(crate) fn reference(&self, word: u64, index: u32) -> usize {
        let layout = self.layout;
        let (j1, j2) = (word & 0xffff_ffff, word >> 32);
        let lane = if layout.lanes == 1 || (self.pass == 0 && self.slice == 0) {
            self.lane
        } else {
            // J2 is the upper half of 64 bits.
            (j2 as u32) % layout.lanes
        };
        // |W|: never the block just computed; of another lane, nothing of this
        // segment, and not its last block while this lane starts a segment.
        let own = if lane == self.lane { index } else { u32::from(index != 0) };
        let area = u64::from(self.complete + own - 1);
        let x = (j1 * j1) >> 32;
        let y = (area * x) >> 32;
        // Less than the lane's length, as `area` is.
        let relative = (area - 1 - y) as u32;
        let mut column = self.window + relative;
        if column >= layout.lane_length {
            column -= layout.lane_length;
        }
        layout.lane_start(lane) + column as usize
    }

    /// The input of the address blocks, their counter still zero (RFC 9106
    /// section 3.4.1.2).
    pub(crate) fn address_input(&self, position: fn(usize) -> usize) -> Block {
        let mut input = Block::ZERO;
        let fields = [
            self.pass,
            self.lane,
            self.slice,
            self.layout.lane_length * self.layout.lanes,
            self.layout.passes,
            self.layout.variant.number(),
        ];
        for (word, field) in fields.into_iter().enumerate() {
            input.0[position(word)] = u64::from(field);
        }
        input
    }
}
