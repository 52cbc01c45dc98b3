//! A comparison of all backends with RustCrypto's `argon2`, decoded from arbitrary bytes: random ones in tests, a
//! fuzzer's in `fuzz/`.

use argon2::{Algorithm, AssociatedData, ParamsBuilder, Version};
use vestibule_argon2::{Argon2, Backend, Memory, Params, Variant};

/// The parameters and inputs of one comparison.
#[derive(Debug)]
pub struct Case<'a> {
    pub variant: Variant,
    pub m: u32,
    pub t: u32,
    pub p: u32,
    pub tag: usize,
    pub password: &'a [u8],
    pub salt: &'a [u8],
    pub secret: &'a [u8],
    pub associated: &'a [u8],
}

/// RustCrypto's maximum.
const ASSOCIATED: usize = AssociatedData::MAX_LEN;
/// Up to this size in KiB, most memories are small; above, none is.
pub const OFTEN: u32 = 4096;
const HEADER: usize = 8;
const PLAIN_SALT: &[u8] = b"somesalt";

impl<'a> Case<'a> {
    /// Decodes a case: the first bytes select costs and lengths, the others are the inputs. Missing bytes count as 0.
    /// Memories have at most `largest` KiB, and are mostly small unless that exceeds [`OFTEN`].
    pub fn read(bytes: &'a [u8], largest: u32) -> Self {
        let header: [u8; HEADER] = core::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0));
        let [kind, lanes, size, finer, tag, salt, secret, associated] = header.map(u32::from);
        let mut rest = bytes.get(HEADER..).unwrap_or_default();
        let mut take = |length: u32| {
            let (part, after) = rest.split_at((length as usize).min(rest.len()));
            rest = after;
            part
        };
        let salt = Some(take(8 + salt % 57)).filter(|salt| salt.len() >= 8).unwrap_or(PLAIN_SALT);
        let secret = take(secret % 40);
        let associated = take(associated % (u32::try_from(ASSOCIATED).unwrap() + 1));
        let p = lanes % 4 + 1;
        // Most are between 8 and 543 KiB: up to just over one block of addresses.
        let m = match size {
            0..=253 if largest <= OFTEN => 8 * p + size * finer % (64 << (size % 4)),
            _ => 512 + (size * 256 + finer) * 31 % (largest - 511),
        };
        Self {
            variant: [Variant::D, Variant::I, Variant::Id][kind as usize % 3],
            m,
            t: kind / 3 % 4 + 1,
            p,
            tag: 4 + tag as usize % 61,
            password: rest,
            salt,
            secret,
            associated,
        }
    }

    /// Returns the first backend whose tag differs from RustCrypto's. The memory still contains the previous case.
    pub fn differing_backend(&self, memory: &mut Memory) -> Option<Backend> {
        let expected = self.expected();
        let params = Params::new(self.m, self.t, self.p).unwrap();
        Backend::available().find(|backend| {
            let mut tag = vec![0; self.tag];
            let argon2 = Argon2::new(self.variant, params, *backend).secret(self.secret).associated(self.associated);
            argon2.hash_unwiped(memory, self.password, self.salt, &mut tag).unwrap();
            tag != expected
        })
    }

    fn expected(&self) -> Vec<u8> {
        let params = ParamsBuilder::new()
            .m_cost(self.m)
            .t_cost(self.t)
            .p_cost(self.p)
            .output_len(self.tag)
            .data(AssociatedData::new(self.associated).unwrap())
            .build()
            .unwrap();
        let algorithm = match self.variant {
            Variant::D => Algorithm::Argon2d,
            Variant::I => Algorithm::Argon2i,
            Variant::Id => Algorithm::Argon2id,
        };
        let argon2 = argon2::Argon2::new_with_secret(self.secret, algorithm, Version::V0x13, params).unwrap();
        let mut tag = vec![0; self.tag];
        argon2.hash_password_into(self.password, self.salt, &mut tag).unwrap();
        tag
    }
}

/// Generates 8 to 263 bytes from the seed, with SplitMix64.
#[allow(dead_code, reason = "a fuzzer brings its own")]
pub fn random_bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut word = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let length = HEADER + usize::from(word().to_le_bytes()[0]);
    let mut bytes: Vec<u8> =
        core::iter::repeat_with(|| word().to_le_bytes()).take(length.div_ceil(8)).flatten().collect();
    bytes.truncate(length);
    bytes
}
