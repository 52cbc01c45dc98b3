//! G with AVX-512F: a block is sixteen registers, all live at once.

use core::arch::x86_64::{
    __m512i, _mm_cvtsi128_si64, _mm512_add_epi64, _mm512_castsi512_si128, _mm512_loadu_si512, _mm512_mul_epu32,
    _mm512_permutex_epi64, _mm512_permutexvar_epi64, _mm512_ror_epi64, _mm512_setr_epi64, _mm512_storeu_si512,
    _mm512_xor_si512,
};

use super::Block;

/// Register `4 i + j` holds quarter `j` of rows `2 i` and `2 i + 1`. So the four words that GB works on are in four
/// registers, for rows and columns alike.
type State = [__m512i; 16];

/// The position of a word in a block of this backend: as in `State`, so that loads and stores need no rearranging.
pub(crate) const fn position(word: usize) -> usize {
    let (row, quarter, rest) = (word / 16, word / 4 % 4, word % 4);
    row / 2 * 32 + quarter * 8 + row % 2 * 4 + rest
}

super::segment_loop!(#[target_feature(enable = "avx512f")]);

/// Loads eight words of a block, starting at `8 * part`.
#[inline]
#[target_feature(enable = "avx512f")]
fn part(block: &Block, part: usize) -> __m512i {
    let words: &[u64; 8] = &block.0.as_chunks().0[part];
    // SAFETY: eight words are the 64 bytes that are read.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn set_part(block: &mut Block, part: usize, value: __m512i) {
    let words: &mut [u64; 8] = &mut block.0.as_chunks_mut().0[part];
    // SAFETY: eight words are the 64 bytes that are written.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(block: &Block) -> State {
    let mut state = [part(block, 0); 16];
    for (i, register) in state.iter_mut().enumerate() {
        *register = part(block, i);
    }
    state
}

/// The state is in registers and spill slots, which the next computation overwrites.
fn forget(_: &mut State) {}

#[inline]
#[target_feature(enable = "avx512f")]
fn absorb(state: &mut State, feed: &mut Block, reference: &Block, old: Option<&Block>) {
    for (i, register) in state.iter_mut().enumerate() {
        *register = _mm512_xor_si512(*register, part(reference, i));
        let kept = old.map_or(*register, |old| _mm512_xor_si512(*register, part(old, i)));
        set_part(feed, i, kept);
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn permute(s: &mut State, feed: &Block, out: &mut Block, first_word: impl FnOnce(u64)) {
    // SAFETY: this function requires AVX-512F, and so its caller has it.
    unsafe {
        rows(s);
        // The first column alone, because the location of the next block depends on it.
        columns(s, [0], feed, out);
    }
    first_word(_mm_cvtsi128_si64(_mm512_castsi512_si128(s[0])).cast_unsigned());
    // SAFETY: as above.
    unsafe { columns(s, [1, 2, 3], feed, out) };
}

/// Applies P to all eight rows, in four independent chains to hide the latency.
#[inline(always)]
unsafe fn rows(s: &mut State) {
    let mut a = [s[0], s[4], s[8], s[12]];
    let mut b = [s[1], s[5], s[9], s[13]];
    let mut c = [s[2], s[6], s[10], s[14]];
    let mut d = [s[3], s[7], s[11], s[15]];
    // SAFETY: the caller has AVX-512F.
    unsafe {
        gb(&mut a, &mut b, &mut c, &mut d);
        // Lines up the diagonals; b, which is ready last, stays in place.
        for i in 0..4 {
            a[i] = _mm512_permutex_epi64::<0b10_01_00_11>(a[i]);
            c[i] = _mm512_permutex_epi64::<0b00_11_10_01>(c[i]);
            d[i] = _mm512_permutex_epi64::<0b01_00_11_10>(d[i]);
        }
        gb(&mut a, &mut b, &mut c, &mut d);
    }
    // The words stay rotated, as `TURNED` says.
    for i in 0..4 {
        [s[4 * i], s[4 * i + 1], s[4 * i + 2], s[4 * i + 3]] = [a[i], b[i], c[i], d[i]];
    }
}

/// Applies P to the columns that cross two quarters of the rows, and the final XOR.
#[inline(always)]
unsafe fn columns<const N: usize>(s: &mut State, quarters: [usize; N], feed: &Block, out: &mut Block) {
    let [mut a, mut b, mut c, mut d] = [[s[0]; N]; 4];
    for (i, quarter) in quarters.into_iter().enumerate() {
        [a[i], b[i], c[i], d[i]] = [s[quarter], s[4 + quarter], s[8 + quarter], s[12 + quarter]];
    }
    // SAFETY: the caller has AVX-512F.
    unsafe {
        gb(&mut a, &mut b, &mut c, &mut d);
        for (i, quarter) in quarters.into_iter().enumerate() {
            a[i] = permute_words(a[i], &DIAGONALS[quarter][0]);
            c[i] = permute_words(c[i], &DIAGONALS[quarter][2]);
            d[i] = permute_words(d[i], &DIAGONALS[quarter][3]);
        }
        gb(&mut a, &mut b, &mut c, &mut d);
        for (row, registers) in [a, b, c, d].into_iter().enumerate() {
            for (i, quarter) in quarters.into_iter().enumerate() {
                let place = 4 * row + quarter;
                let restored = permute_words(registers[i], &RESTORED[quarter][row]);
                s[place] = _mm512_xor_si512(restored, part(feed, place));
                set_part(out, place, s[place]);
            }
        }
    }
}

/// How far `rows` leaves the words of each quarter rotated: element `i` of four holds word `i + TURNED[quarter]`.
const TURNED: [usize; 4] = [3, 0, 1, 2];

/// The position of word `i` of a column in a rotated register, which holds two words of two rows for each of two
/// columns.
const fn element(turned: usize, i: usize, column: usize) -> usize {
    let (row, word) = (i / 2, column * 2 + i % 2);
    row * 4 + (word + 4 - turned) % 4
}

/// The source of each word of a register.
type Permutation = [i64; 8];

/// How far the diagonals rotate a, b, c and d; b, which is ready last, stays in place.
const TURNS: [usize; 4] = [3, 0, 1, 2];
/// The permutation that lines up the diagonals, by quarter and register.
const DIAGONALS: [[Permutation; 4]; 4] = permutations(true);
/// The inverse, which also undoes the rotation left by `rows`.
const RESTORED: [[Permutation; 4]; 4] = permutations(false);

#[allow(clippy::cast_possible_wrap)]
const fn permutations(diagonals: bool) -> [[Permutation; 4]; 4] {
    let mut all = [[[0; 8]; 4]; 4];
    let mut i = 0;
    while i < 4 * 4 * 8 {
        let (quarter, register, column, word) = (i / 32, i / 8 % 4, i / 4 % 2, i % 4);
        let (turned, by) = (TURNED[quarter], TURNS[register]);
        let (to, from) = if diagonals {
            (element(turned, word, column), element(turned, (word + by) % 4, column))
        } else {
            (element(0, (word + by) % 4, column), element(turned, word, column))
        };
        all[quarter][register][to] = from as i64;
        i += 1;
    }
    all
}

#[inline(always)]
unsafe fn permute_words(x: __m512i, from: &Permutation) -> __m512i {
    let [a, b, c, d, e, f, g, h] = *from;
    // SAFETY: the caller has AVX-512F.
    unsafe { _mm512_permutexvar_epi64(_mm512_setr_epi64(a, b, c, d, e, f, g, h), x) }
}

/// GB of RFC 9106 section 3.6, on N times eight columns.
#[inline(always)]
unsafe fn gb<const N: usize>(a: &mut [__m512i; N], b: &mut [__m512i; N], c: &mut [__m512i; N], d: &mut [__m512i; N]) {
    // SAFETY: the caller has AVX-512F.
    unsafe {
        half::<N, 32, 24>(a, b, c, d);
        half::<N, 16, 63>(a, b, c, d);
    }
}

#[inline(always)]
unsafe fn half<const N: usize, const D: i32, const B: i32>(
    a: &mut [__m512i; N],
    b: &mut [__m512i; N],
    c: &mut [__m512i; N],
    d: &mut [__m512i; N],
) {
    // SAFETY: the caller has AVX-512F.
    unsafe {
        for i in 0..N {
            a[i] = multiply_add(a[i], b[i]);
        }
        for i in 0..N {
            d[i] = _mm512_ror_epi64::<D>(_mm512_xor_si512(d[i], a[i]));
        }
        for i in 0..N {
            c[i] = multiply_add(c[i], d[i]);
        }
        for i in 0..N {
            b[i] = _mm512_ror_epi64::<B>(_mm512_xor_si512(b[i], c[i]));
        }
    }
}

/// `x + y + 2 * trunc(x) * trunc(y)`.
#[inline(always)]
unsafe fn multiply_add(x: __m512i, y: __m512i) -> __m512i {
    // SAFETY: the caller has AVX-512F.
    unsafe {
        let product = _mm512_mul_epu32(x, y);
        let sum = _mm512_add_epi64(x, y);
        _mm512_add_epi64(sum, _mm512_add_epi64(product, product))
    }
}
