//! G with AVX2: four rows, then four columns at a time. That exceeds the registers, but spilling costs less than the
//! dependency stalls of two at a time.

use core::arch::x86_64::{
    __m256i, _mm_cvtsi128_si64, _mm_setr_epi8, _mm256_add_epi64, _mm256_broadcastsi128_si256, _mm256_castpd_si256,
    _mm256_castsi256_pd, _mm256_castsi256_si128, _mm256_loadu_si256, _mm256_mul_epu32, _mm256_or_si256,
    _mm256_permute4x64_epi64, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_shuffle_epi32, _mm256_shuffle_pd,
    _mm256_srli_epi64, _mm256_storeu_si256, _mm256_xor_si256,
};

use super::Block;
use super::portable::{State, forget, position};

/// A quarter of P's sixteen words, for four rows or four columns.
type Quarter = [__m256i; 4];

super::segment_loop!(#[target_feature(enable = "avx2")]);

/// Loads four words of a block, starting at `4 * part`.
#[inline]
#[target_feature(enable = "avx2")]
fn part(block: &Block, part: usize) -> __m256i {
    let words: &[u64; 4] = &block.0.as_chunks().0[part];
    // SAFETY: four words are the 32 bytes that are read.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn set_part(block: &mut Block, part: usize, value: __m256i) {
    let words: &mut [u64; 4] = &mut block.0.as_chunks_mut().0[part];
    // SAFETY: four words are the 32 bytes that are written.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(block: &Block) -> State {
    *block
}

#[inline]
#[target_feature(enable = "avx2")]
fn absorb(state: &mut State, feed: &mut Block, reference: &Block, old: Option<&Block>) {
    for i in 0..32 {
        let register = _mm256_xor_si256(part(state, i), part(reference, i));
        set_part(state, i, register);
        let kept = old.map_or(register, |old| _mm256_xor_si256(register, part(old, i)));
        set_part(feed, i, kept);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn permute(state: &mut State, feed: &Block, out: &mut Block, first_word: impl FnOnce(u64)) {
    // SAFETY: this function requires AVX2, and so its caller has it.
    unsafe {
        rows(state, 0);
        rows(state, 4);
    }
    // SAFETY: as above.
    let first = unsafe { columns(state, 0, feed, out) };
    first_word(_mm_cvtsi128_si64(_mm256_castsi256_si128(first)).cast_unsigned());
    // SAFETY: as above.
    unsafe { columns(state, 2, feed, out) };
}

/// P on four rows, a register to each quarter of a row.
#[inline(always)]
unsafe fn rows(state: &mut State, row: usize) {
    let place = |i: usize, quarter: usize| (row + i) * 4 + quarter;
    // SAFETY: the caller has AVX2.
    unsafe {
        let [mut a, mut b, mut c, mut d] = [[_mm256_setzero_si256(); 4]; 4];
        for (quarter, registers) in [&mut a, &mut b, &mut c, &mut d].into_iter().enumerate() {
            for (i, register) in registers.iter_mut().enumerate() {
                *register = part(state, place(i, quarter));
            }
        }
        gb(&mut a, &mut b, &mut c, &mut d);
        // Lines up the diagonals; b, which is ready last, stays in place.
        for i in 0..4 {
            a[i] = _mm256_permute4x64_epi64::<0b10_01_00_11>(a[i]);
            c[i] = _mm256_permute4x64_epi64::<0b00_11_10_01>(c[i]);
            d[i] = _mm256_permute4x64_epi64::<0b01_00_11_10>(d[i]);
        }
        gb(&mut a, &mut b, &mut c, &mut d);
        for i in 0..4 {
            a[i] = _mm256_permute4x64_epi64::<0b00_11_10_01>(a[i]);
            c[i] = _mm256_permute4x64_epi64::<0b10_01_00_11>(c[i]);
            d[i] = _mm256_permute4x64_epi64::<0b01_00_11_10>(d[i]);
        }
        for (quarter, registers) in [a, b, c, d].into_iter().enumerate() {
            for (i, register) in registers.into_iter().enumerate() {
                set_part(state, place(i, quarter), register);
            }
        }
    }
}

/// Applies P to four columns starting at `2 * pair`, and the final XOR. The register of row `i` holds words `2 i` and
/// `2 i + 1` of two columns, so columns need no rearranging, and diagonals little. Returns the first register of the
/// result.
#[inline(always)]
unsafe fn columns(state: &mut State, pair: usize, feed: &Block, out: &mut Block) -> __m256i {
    // A quarter is two rows: their registers for two columns, then for two more.
    let place = |quarter: usize, i: usize| quarter * 8 + i % 2 * 4 + i / 2 + pair;
    // SAFETY: the caller has AVX2.
    unsafe {
        let [mut a, mut b, mut c, mut d] = [[_mm256_setzero_si256(); 4]; 4];
        for (quarter, registers) in [&mut a, &mut b, &mut c, &mut d].into_iter().enumerate() {
            for (i, register) in registers.iter_mut().enumerate() {
                *register = part(state, place(quarter, i));
            }
        }
        gb(&mut a, &mut b, &mut c, &mut d);
        for i in [0, 2] {
            (b[i], b[i + 1]) = (straddle(b[i], b[i + 1]), straddle(b[i + 1], b[i]));
            (c[i], c[i + 1]) = (c[i + 1], c[i]);
            (d[i], d[i + 1]) = (straddle(d[i + 1], d[i]), straddle(d[i], d[i + 1]));
        }
        gb(&mut a, &mut b, &mut c, &mut d);
        for i in [0, 2] {
            (b[i], b[i + 1]) = (straddle(b[i + 1], b[i]), straddle(b[i], b[i + 1]));
            (c[i], c[i + 1]) = (c[i + 1], c[i]);
            (d[i], d[i + 1]) = (straddle(d[i], d[i + 1]), straddle(d[i + 1], d[i]));
        }
        let mut first = a[0];
        for (quarter, registers) in [a, b, c, d].into_iter().enumerate() {
            for (i, register) in registers.into_iter().enumerate() {
                let place = place(quarter, i);
                let register = _mm256_xor_si256(register, part(feed, place));
                set_part(state, place, register);
                set_part(out, place, register);
                if quarter == 0 && i == 0 {
                    first = register;
                }
            }
        }
        first
    }
}

/// Returns, for each pair of words, the second of `x` and the first of `y`.
#[inline(always)]
unsafe fn straddle(x: __m256i, y: __m256i) -> __m256i {
    // SAFETY: the caller has AVX2.
    unsafe {
        let (x, y) = (_mm256_castsi256_pd(x), _mm256_castsi256_pd(y));
        _mm256_castpd_si256(_mm256_shuffle_pd::<0b0101>(x, y))
    }
}

/// GB of RFC 9106 section 3.6, on eight columns.
#[inline(always)]
unsafe fn gb(a: &mut Quarter, b: &mut Quarter, c: &mut Quarter, d: &mut Quarter) {
    // SAFETY: the caller has AVX2.
    unsafe {
        half::<32, 24>(a, b, c, d);
        half::<16, 63>(a, b, c, d);
    }
}

#[inline(always)]
unsafe fn half<const D: u32, const B: u32>(a: &mut Quarter, b: &mut Quarter, c: &mut Quarter, d: &mut Quarter) {
    // SAFETY: the caller has AVX2.
    unsafe {
        for i in 0..4 {
            a[i] = multiply_add(a[i], b[i]);
        }
        for i in 0..4 {
            d[i] = rotate_right::<D>(_mm256_xor_si256(d[i], a[i]));
        }
        for i in 0..4 {
            c[i] = multiply_add(c[i], d[i]);
        }
        for i in 0..4 {
            b[i] = rotate_right::<B>(_mm256_xor_si256(b[i], c[i]));
        }
    }
}

/// `x + y + 2 * trunc(x) * trunc(y)`.
#[inline(always)]
unsafe fn multiply_add(x: __m256i, y: __m256i) -> __m256i {
    // SAFETY: the caller has AVX2.
    unsafe {
        let product = _mm256_mul_epu32(x, y);
        let sum = _mm256_add_epi64(x, y);
        _mm256_add_epi64(sum, _mm256_add_epi64(product, product))
    }
}

/// Rotates every word by 16, 24, 32 or 63 bits.
#[inline(always)]
unsafe fn rotate_right<const BITS: u32>(x: __m256i) -> __m256i {
    // SAFETY: the caller has AVX2.
    unsafe {
        let bytes = match BITS {
            16 => _mm_setr_epi8(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9),
            24 => _mm_setr_epi8(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10),
            32 => return _mm256_shuffle_epi32::<0b10_11_00_01>(x),
            _ => return _mm256_or_si256(_mm256_add_epi64(x, x), _mm256_srli_epi64::<63>(x)),
        };
        _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(bytes))
    }
}
