//! Unkeyed `BLAKE2b` (RFC 7693), in plain Rust: it takes at most a hundredth of an Argon2 hash.

use crate::memory::clear;

/// The maximum output length.
pub(crate) const HASH_BYTES: usize = 64;
const BLOCK_BYTES: usize = 128;

/// RFC 7693 section 2.6.
const INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// RFC 7693 section 2.7. Rounds 10 and 11 are as 0 and 1.
const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// An incremental hash, zeroized on drop.
pub(crate) struct Blake2b {
    state: [u64; 8],
    buffer: [u8; BLOCK_BYTES],
    /// Bytes in the buffer. A full buffer is kept until more input follows, because the last block is compressed
    /// differently.
    filled: usize,
    /// Bytes compressed so far. The upper half of the RFC's counter stays zero: no input is that long.
    count: u64,
    length: usize,
}

impl Blake2b {
    /// Starts a hash with an output of 1 to 64 bytes.
    pub(crate) fn new(length: usize) -> Self {
        assert!((1..=HASH_BYTES).contains(&length), "BLAKE2b has 1 to 64 bytes");
        let mut state = INITIAL;
        state[0] ^= 0x0101_0000 ^ length as u64;
        Self { state, buffer: [0; BLOCK_BYTES], filled: 0, count: 0, length }
    }

    pub(crate) fn update(&mut self, mut input: &[u8]) -> &mut Self {
        while !input.is_empty() {
            if self.filled == BLOCK_BYTES {
                self.count += BLOCK_BYTES as u64;
                self.compress(false);
                self.filled = 0;
            }
            let (part, rest) = input.split_at(input.len().min(BLOCK_BYTES - self.filled));
            self.buffer[self.filled..self.filled + part.len()].copy_from_slice(part);
            self.filled += part.len();
            input = rest;
        }
        self
    }

    /// Writes the hash into the first bytes of `output`, as many as requested. Takes a reference, because a move would
    /// leave a copy of the buffer, and so of the password, on the stack.
    pub(crate) fn finish(&mut self, output: &mut [u8]) {
        self.buffer[self.filled..].fill(0);
        self.count += self.filled as u64;
        self.compress(true);
        let words = self.state.iter().flat_map(|word| word.to_le_bytes());
        for (output, byte) in output[..self.length].iter_mut().zip(words) {
            *output = byte;
        }
    }

    /// F of RFC 7693 section 3.2.
    fn compress(&mut self, last: bool) {
        let mut message = [0; 16];
        for (word, bytes) in message.iter_mut().zip(self.buffer.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        let mut v = [0; 16];
        v[..8].copy_from_slice(&self.state);
        v[8..].copy_from_slice(&INITIAL);
        v[12] ^= self.count;
        if last {
            v[14] = !v[14];
        }
        for round in 0..12 {
            let s = &SIGMA[round % 10];
            for (i, [a, b, c, d]) in COLUMNS_AND_DIAGONALS.into_iter().enumerate() {
                mix(&mut v, [a, b, c, d], message[s[2 * i]], message[s[2 * i + 1]]);
            }
        }
        for (i, word) in self.state.iter_mut().enumerate() {
            *word ^= v[i] ^ v[i + 8];
        }
        clear(&mut message);
        clear(&mut v);
    }
}

impl Drop for Blake2b {
    fn drop(&mut self) {
        clear(&mut self.state);
        clear(&mut self.buffer);
    }
}

const COLUMNS_AND_DIAGONALS: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

/// G of RFC 7693 section 3.1.
#[inline]
#[expect(clippy::many_single_char_names, reason = "the names of the RFC")]
fn mix(v: &mut [u64; 16], [a, b, c, d]: [usize; 4], x: u64, y: u64) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7693 appendix A. Argon2's own tests cover all other lengths.
    #[test]
    fn abc_hashes_as_in_the_rfc() {
        let mut output = [0; 64];
        let mut hash = Blake2b::new(64);
        hash.update(b"a").update(b"bc");
        hash.finish(&mut output);
        let expected = [
            0xba, 0x80, 0xa5, 0x3f, 0x98, 0x1c, 0x4d, 0x0d, 0x6a, 0x27, 0x97, 0xb6, 0x9f, 0x12, 0xf6, 0xe9, 0x4c, 0x21,
            0x2f, 0x14, 0x68, 0x5a, 0xc4, 0xb7, 0x4b, 0x12, 0xbb, 0x6f, 0xdb, 0xff, 0xa2, 0xd1, 0x7d, 0x87, 0xc5, 0x39,
            0x2a, 0xab, 0x79, 0x2d, 0xc2, 0x52, 0xd5, 0xde, 0x45, 0x33, 0xcc, 0x95, 0x18, 0xd3, 0x8a, 0xa8, 0xdb, 0xf1,
            0x92, 0x5a, 0xb9, 0x23, 0x86, 0xed, 0xd4, 0x00, 0x99, 0x23,
        ];
        assert_eq!(output, expected);
    }
}
