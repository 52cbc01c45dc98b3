//! Filling the memory: passes, slices, lanes and reference blocks (RFC 9106 sections 3.2, steps 5 and 6, and 3.4).

use crate::backend::Backend;
use crate::block::Block;
use crate::params::{Params, Variant};

/// Slices per pass (RFC 9106 section 3.4: `SL`).
const SLICES: u32 = 4;
/// Pseudo-random words per address block.
pub(crate) const ADDRESSES: u32 = 128;

/// The division of the memory, the same for all passes.
pub(crate) struct Layout {
    variant: Variant,
    pub(crate) lanes: u32,
    passes: u32,
    /// Blocks per lane: `q` of the RFC.
    lane_length: u32,
    /// Blocks per segment.
    segment_length: u32,
}

impl Layout {
    pub(crate) const fn new(variant: Variant, params: &Params) -> Self {
        let lane_length = params.blocks() / params.p();
        Self { variant, lanes: params.p(), passes: params.t(), lane_length, segment_length: lane_length / SLICES }
    }

    /// The number of blocks: `m'` of the RFC.
    pub(crate) const fn blocks(&self) -> usize {
        self.lane_length as usize * self.lanes as usize
    }

    /// The index of a lane's first block.
    pub(crate) const fn lane_start(&self, lane: u32) -> usize {
        lane as usize * self.lane_length as usize
    }
}

/// Fills the memory, in which every lane's first two blocks are set.
pub(crate) fn fill(backend: Backend, layout: &Layout, blocks: &mut [Block]) {
    assert_eq!(blocks.len(), layout.blocks(), "the layout is that of the memory");
    for pass in 0..layout.passes {
        for slice in 0..SLICES {
            // Lanes of a slice are independent, so computing them in turn gives the same result as in parallel.
            for lane in 0..layout.lanes {
                let segment = Segment::new(layout, pass, slice, lane);
                backend.fill_segment(blocks, &segment);
            }
        }
    }
}

/// One lane's part of a slice in one pass.
pub(crate) struct Segment<'a> {
    layout: &'a Layout,
    pass: u32,
    slice: u32,
    lane: u32,
    /// How many blocks of a lane may be referenced, without those of this segment: the completed segments.
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
            // The three other segments; the oldest is the next one.
            ((SLICES - 1) * length, (slice + 1) % SLICES * length)
        };
        Self { layout, pass, slice, lane, complete, window }
    }

    /// Returns whether addressing is data-independent: for Argon2id in the first half of the first pass (RFC 9106
    /// section 3.4.1.3).
    pub(crate) const fn is_independent(&self) -> bool {
        match self.layout.variant {
            Variant::D => false,
            Variant::I => true,
            Variant::Id => self.pass == 0 && self.slice < SLICES / 2,
        }
    }

    /// Returns whether blocks are XORed with those of the previous pass.
    pub(crate) const fn overwrites(&self) -> bool {
        self.pass != 0
    }

    /// The first index to compute: two blocks of each lane are set initially.
    pub(crate) const fn first(&self) -> u32 {
        if self.pass == 0 && self.slice == 0 { 2 } else { 0 }
    }

    /// The end of the index range.
    pub(crate) const fn end(&self) -> u32 {
        self.layout.segment_length
    }

    /// The location of the block with index 0.
    pub(crate) const fn start(&self) -> usize {
        self.layout.lane_start(self.lane) + (self.slice * self.layout.segment_length) as usize
    }

    /// The location of the block before the first one to compute.
    pub(crate) const fn previous(&self) -> usize {
        if self.slice == 0 && self.first() == 0 {
            self.layout.lane_start(self.lane + 1) - 1
        } else {
            self.start() + self.first() as usize - 1
        }
    }

    /// The location of the block that block `index` references, given its pseudo-random word J2 || J1 (RFC 9106 section
    /// 3.4.2).
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "both are less than 2^32; see the comments")]
    pub(crate) fn reference(&self, word: u64, index: u32) -> usize {
        let layout = self.layout;
        let (j1, j2) = (word & 0xffff_ffff, word >> 32);
        let lane = if layout.lanes == 1 || (self.pass == 0 && self.slice == 0) {
            self.lane
        } else {
            // J2 is the upper half of 64 bits.
            (j2 as u32) % layout.lanes
        };
        // |W|: not the block just computed; in another lane, nothing of this segment, and not its last block at the
        // start of a segment.
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

    /// The input of the address blocks, with counter zero (RFC 9106 section 3.4.1.2).
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
