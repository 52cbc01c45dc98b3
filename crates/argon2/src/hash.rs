//! From the inputs to the first blocks, and from the last blocks to the tag
//! (RFC 9106 sections 3.2 and 3.3).

use blake2::digest::block_api::{UpdateCore, VariableOutputCore};
use blake2::digest::block_buffer::LazyBuffer;
use blake2::digest::{Digest, Output};
use blake2::{Blake2b512, Blake2bVarCore};
use zeroize::Zeroize;

use crate::block::{BLOCK_BYTES, Block, Implementation};
use crate::fill::{Layout, TYPE_ID, fill};
use crate::memory::{Memory, wipe};
use crate::params::{Error, MIN_SALT, Params, TAG_LENGTHS};

const VERSION: u32 = 0x13;
/// The length of H0, and the longest output of `BLAKE2b`.
const HASH_BYTES: usize = 64;
/// H0, then the column and the lane of the block made from it.
const SEED_BYTES: usize = HASH_BYTES + 8;

/// What is hashed: P, S, K and X of RFC 9106 section 3.1.
pub(crate) struct Inputs<'a> {
    pub(crate) password: &'a [u8],
    pub(crate) salt: &'a [u8],
    pub(crate) secret: &'a [u8],
    pub(crate) associated: &'a [u8],
}

/// The whole of RFC 9106 section 3.2.
pub(crate) fn argon2id(
    implementation: Implementation,
    memory: &mut Memory,
    params: &Params,
    inputs: &Inputs<'_>,
    tag: &mut [u8],
) -> Result<(), Error> {
    if !TAG_LENGTHS.contains(&tag.len()) {
        return Err(Error::TagLength);
    }
    if inputs.salt.len() < MIN_SALT || u32::try_from(inputs.salt.len()).is_err() {
        return Err(Error::SaltLength);
    }
    if u32::try_from(inputs.password.len()).is_err() {
        return Err(Error::PasswordLength);
    }
    let layout = Layout::new(params);
    let blocks = memory.blocks(layout.blocks())?;

    let mut seed = [0; SEED_BYTES];
    initial_hash(params, inputs, tag.len(), &mut seed);
    let position = implementation.position();
    first_blocks(&layout, &mut seed, blocks, position);
    seed.zeroize();

    fill(implementation, &layout, blocks);

    let mut last = [0; BLOCK_BYTES];
    final_block(&layout, blocks, &mut last, position);
    variable_hash(&last, tag);
    last.zeroize();
    wipe(blocks);
    Ok(())
}

/// Step 1: H0, into the first 64 bytes of `seed`.
fn initial_hash(params: &Params, inputs: &Inputs<'_>, tag: usize, seed: &mut [u8; SEED_BYTES]) {
    let mut hash = Blake2b512::new();
    for word in [params.p(), length(tag), params.m_kib(), params.t(), VERSION, TYPE_ID] {
        hash.update(word.to_le_bytes());
    }
    for input in [inputs.password, inputs.salt, inputs.secret, inputs.associated] {
        hash.update(length(input.len()).to_le_bytes());
        hash.update(input);
    }
    let mut h0 = hash.finalize();
    seed[..HASH_BYTES].copy_from_slice(&h0);
    h0.as_mut_slice().zeroize();
}

/// Steps 3 and 4: the first two blocks of every lane.
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
    bytes.zeroize();
}

/// Step 7: the exclusive or of the last column, as bytes.
fn final_block(layout: &Layout, blocks: &[Block], bytes: &mut [u8; BLOCK_BYTES], position: fn(usize) -> usize) {
    for lane in 1..=layout.lanes {
        let block = &blocks[layout.lane_start(lane) - 1];
        for (word, bytes) in bytes.as_chunks_mut().0.iter_mut().enumerate() {
            *bytes = (u64::from_le_bytes(*bytes) ^ block.0[position(word)]).to_le_bytes();
        }
    }
}

/// H' of RFC 9106 section 3.3: `BLAKE2b` stretched to the length of `output`.
fn variable_hash(input: &[u8], output: &mut [u8]) {
    let prefix = length(output.len()).to_le_bytes();
    if output.len() <= HASH_BYTES {
        let mut hash = Blake2bVarCore::new(output.len()).expect("a tag has 1 to 64 bytes");
        let mut buffer = LazyBuffer::new(&prefix);
        buffer.digest_blocks(input, |blocks| hash.update_blocks(blocks));
        let mut full = Output::<Blake2b512>::default();
        hash.finalize_variable_core(&mut buffer, &mut full);
        output.copy_from_slice(&full[..output.len()]);
        full.as_mut_slice().zeroize();
        return;
    }
    // V1 is the hash of the input, each later V that of the one before. The
    // first half of each is output; of the last, all of it.
    let mut v: Output<Blake2b512> = Blake2b512::new().chain_update(prefix).chain_update(input).finalize();
    let half = HASH_BYTES / 2;
    let mut rest = output;
    while rest.len() > HASH_BYTES {
        let (part, after) = rest.split_at_mut(half);
        part.copy_from_slice(&v[..half]);
        v = Blake2b512::digest(v);
        rest = after;
    }
    debug_assert_eq!(rest.len(), HASH_BYTES, "only whole blocks are longer than a tag");
    rest.copy_from_slice(&v);
    v.as_mut_slice().zeroize();
}

/// A length as the RFC encodes it: the callers have checked it, or it is fixed.
fn length(length: usize) -> u32 {
    u32::try_from(length).expect("a length that has been checked")
}
