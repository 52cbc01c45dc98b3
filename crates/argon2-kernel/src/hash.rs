//! From the inputs to the first blocks, and from the last blocks to the tag (RFC 9106 sections 3.2 and 3.3).

use crate::argon2::Argon2;
use crate::blake2b::{Blake2b, HASH_BYTES};
use crate::block::{BLOCK_BYTES, Block};
use crate::fill::{Layout, fill};
use crate::memory::clear;

const VERSION: u32 = 0x13;
/// H0, then the column and the lane of the block derived from it.
const SEED_BYTES: usize = HASH_BYTES + 8;

/// Computes a tag (RFC 9106 section 3.2) from validated inputs. The previous content of `blocks` is irrelevant, because
/// every block is written before it is read. They are not wiped.
pub(crate) fn hash(argon2: &Argon2<'_>, blocks: &mut [Block], password: &[u8], salt: &[u8], tag: &mut [u8]) {
    let layout = Layout::new(argon2.variant, &argon2.params);
    let mut seed = [0; SEED_BYTES];
    initial_hash(argon2, password, salt, tag.len(), &mut seed);
    let position = argon2.backend.position();
    first_blocks(&layout, &mut seed, blocks, position);
    clear(&mut seed);

    fill(argon2.backend, &layout, blocks);

    let mut last = [0; BLOCK_BYTES];
    final_block(&layout, blocks, &mut last, position);
    variable_hash(&last, tag);
    clear(&mut last);
}

/// Step 1: computes H0 into the first 64 bytes of `seed`.
fn initial_hash(argon2: &Argon2<'_>, password: &[u8], salt: &[u8], tag: usize, seed: &mut [u8; SEED_BYTES]) {
    let Argon2 { variant, params, secret, associated, .. } = argon2;
    let mut hash = Blake2b::new(HASH_BYTES);
    for word in [params.p(), length(tag), params.m_kib(), params.t(), VERSION, variant.number()] {
        hash.update(&word.to_le_bytes());
    }
    for input in [password, salt, secret, associated] {
        hash.update(&length(input.len()).to_le_bytes()).update(input);
    }
    hash.finish(seed);
}

/// Steps 3 and 4: computes the first two blocks of every lane.
fn first_blocks(layout: &Layout, seed: &mut [u8; SEED_BYTES], blocks: &mut [Block], position: fn(usize) -> usize) {
    let mut bytes = [0; BLOCK_BYTES];
    for lane in 0..layout.lanes {
        for column in 0..2_u32 {
            seed[HASH_BYTES..HASH_BYTES + 4].copy_from_slice(&column.to_le_bytes());
            seed[HASH_BYTES + 4..].copy_from_slice(&lane.to_le_bytes());
            variable_hash(seed, &mut bytes);
            let block = &mut blocks[layout.lane_start(lane) + column as usize];
            for (word, bytes) in bytes.as_chunks().0.iter().enumerate() {
                block.0[position(word)] = u64::from_le_bytes(*bytes);
            }
        }
    }
    clear(&mut bytes);
}

/// Step 7: XORs the last column, as bytes.
fn final_block(layout: &Layout, blocks: &[Block], bytes: &mut [u8; BLOCK_BYTES], position: fn(usize) -> usize) {
    for lane in 1..=layout.lanes {
        let block = &blocks[layout.lane_start(lane) - 1];
        for (word, bytes) in bytes.as_chunks_mut().0.iter_mut().enumerate() {
            *bytes = (u64::from_le_bytes(*bytes) ^ block.0[position(word)]).to_le_bytes();
        }
    }
}

/// H' of RFC 9106 section 3.3: `BLAKE2b` with variable output length.
fn variable_hash(input: &[u8], output: &mut [u8]) {
    let prefix = length(output.len()).to_le_bytes();
    let mut hash = Blake2b::new(output.len().min(HASH_BYTES));
    hash.update(&prefix).update(input);
    if output.len() <= HASH_BYTES {
        return hash.finish(output);
    }
    // V1 is the hash of the input, each later V the hash of the previous. The first half of each is output; the last is
    // output in full.
    let mut v = [0; HASH_BYTES];
    hash.finish(&mut v);
    let half = HASH_BYTES / 2;
    let mut rest = output;
    while rest.len() > HASH_BYTES {
        let (part, after) = rest.split_at_mut(half);
        part.copy_from_slice(&v[..half]);
        let mut hash = Blake2b::new(HASH_BYTES);
        hash.update(&v);
        hash.finish(&mut v);
        rest = after;
    }
    debug_assert_eq!(rest.len(), HASH_BYTES, "only whole blocks are longer than a tag");
    rest.copy_from_slice(&v);
    clear(&mut v);
}

/// Encodes a length as in the RFC; callers have checked it, or it is constant.
fn length(length: usize) -> u32 {
    u32::try_from(length).expect("a length that has been checked")
}
