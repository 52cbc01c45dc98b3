//! G in portable Rust.

use super::{Block, WORDS};

pub(super) type State = Block;

/// The position of a word in a block of this backend.
pub(crate) const fn position(word: usize) -> usize {
    word
}

super::segment_loop!();

fn load(block: &Block) -> State {
    *block
}

pub(super) fn forget(state: &mut State) {
    super::clear(state);
}

fn absorb(state: &mut State, feed: &mut Block, reference: &Block, old: Option<&Block>) {
    for (state, reference) in state.0.iter_mut().zip(&reference.0) {
        *state ^= reference;
    }
    *feed = *state;
    if let Some(old) = old {
        for (feed, old) in feed.0.iter_mut().zip(&old.0) {
            *feed ^= old;
        }
    }
}

#[inline]
fn permute(state: &mut State, feed: &Block, out: &mut Block, first_word: impl FnOnce(u64)) {
    let words = &mut state.0;
    for row in words.as_chunks_mut::<16>().0 {
        p(row);
    }
    column(words, 0);
    first_word(words[0] ^ feed.0[0]);
    for number in 1..8 {
        column(words, number);
    }
    for ((out, word), feed) in out.0.iter_mut().zip(words).zip(&feed.0) {
        *word ^= feed;
        *out = *word;
    }
}

/// Applies P to a column of registers of two words each (RFC 9106 section 3.5).
fn column(words: &mut [u64; WORDS], number: usize) {
    let mut column = [0; 16];
    for (row, pair) in column.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        *pair = [words[row * 16 + number * 2], words[row * 16 + number * 2 + 1]];
    }
    p(&mut column);
    for (row, pair) in column.as_chunks::<2>().0.iter().enumerate() {
        words[row * 16 + number * 2] = pair[0];
        words[row * 16 + number * 2 + 1] = pair[1];
    }
}

/// The permutation P (RFC 9106 section 3.6).
#[inline(always)]
fn p(v: &mut [u64; 16]) {
    gb(v, 0, 4, 8, 12);
    gb(v, 1, 5, 9, 13);
    gb(v, 2, 6, 10, 14);
    gb(v, 3, 7, 11, 15);
    gb(v, 0, 5, 10, 15);
    gb(v, 1, 6, 11, 12);
    gb(v, 2, 7, 8, 13);
    gb(v, 3, 4, 9, 14);
}

#[inline(always)]
fn gb(v: &mut [u64; 16], a: usize, b: usize, c: usize, d: usize) {
    v[a] = multiply_add(v[a], v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = multiply_add(v[c], v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = multiply_add(v[a], v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = multiply_add(v[c], v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

/// `x + y + 2 * trunc(x) * trunc(y)`.
#[inline(always)]
fn multiply_add(x: u64, y: u64) -> u64 {
    let product = (x & 0xffff_ffff) * (y & 0xffff_ffff);
    x.wrapping_add(y).wrapping_add(product << 1)
}
