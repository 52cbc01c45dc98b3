//! Where authenticator data ends (WebAuthn level 3, section 6.1). The library reads the parts that it needs and ignores
//! what follows them; an honest authenticator has nothing there.

/// Flag: an attested credential follows.
const ATTESTED: u8 = 0x40;
/// Flag: extension outputs follow.
const EXTENSIONS: u8 = 0x80;
/// Bytes before the parts that the flags announce: the relying party's digest, the flags and the counter.
const FIXED: usize = 37;
/// CTAP2 allows four levels of nesting.
const DEPTH: u8 = 8;

/// Major types of CBOR (RFC 8949 section 3.1).
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// Returns whether authenticator data ends where its flags say.
pub fn is_whole(data: &[u8]) -> bool {
    rest(data).is_some_and(<[u8]>::is_empty)
}

/// Finds the authenticator data in an attestation object, which ends with its map.
pub fn of_attestation(object: &[u8]) -> Option<&[u8]> {
    let (MAP, pairs, mut rest) = head(object)? else { return None };
    let mut found = None;
    for _ in 0..pairs {
        let value = after_item(rest, DEPTH)?;
        let after = after_item(value, DEPTH)?;
        if rest.starts_with(b"\x68authData") {
            let (BYTES, length, bytes) = head(value)? else { return None };
            found = bytes.get(..usize::try_from(length).ok()?);
        }
        rest = after;
    }
    found.filter(|_| rest.is_empty())
}

/// What follows the parts that the flags announce.
fn rest(data: &[u8]) -> Option<&[u8]> {
    let flags = *data.get(FIXED - 5)?;
    let mut rest = data.get(FIXED..)?;
    if flags & ATTESTED != 0 {
        // The authenticator's model, the length of the credential ID, the ID and the key.
        let length = rest.get(16..18)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        rest = after_item(rest.get(18 + length..)?, DEPTH)?;
    }
    if flags & EXTENSIONS != 0 { after_item(rest, DEPTH) } else { Some(rest) }
}

/// What follows one item of CBOR. `None` if it is cut short or of indefinite length, which CTAP2 forbids.
fn after_item(cbor: &[u8], depth: u8) -> Option<&[u8]> {
    let depth = depth.checked_sub(1)?;
    let (kind, argument, rest) = head(cbor)?;
    let items = match kind {
        BYTES | TEXT => return rest.get(usize::try_from(argument).ok()?..),
        ARRAY => argument,
        MAP => argument.checked_mul(2)?,
        TAG => 1,
        _ => 0,
    };
    // Each item has a byte, so a count that is too high ends with the input.
    (0..items).try_fold(rest, |rest, _| after_item(rest, depth))
}

/// The major type of an item, its argument, and what follows them.
fn head(cbor: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (first, rest) = cbor.split_first()?;
    let (kind, short) = (first >> 5, first & 31);
    let bytes = match short {
        0..=23 => return Some((kind, u64::from(short), rest)),
        24..=27 => 1 << (short - 24),
        _ => return None,
    };
    let (argument, rest) = rest.split_at_checked(bytes)?;
    Some((kind, argument.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(flags: u8, parts: &[u8]) -> Vec<u8> {
        [&[7; 32][..], &[flags], &[0; 4], parts].concat()
    }

    #[test]
    fn a13_authenticator_data_ends_where_its_flags_say() {
        let attested = [&[0; 16][..], &[0, 2], b"id", b"\xa1\x01\x02"].concat();
        let both = [&attested[..], b"\xa1\x63abc\x81\xf5"].concat();
        for (flags, parts) in [(0x05, &b""[..]), (0x45, &attested), (0x85, b"\xa1\x68credBlob\x40"), (0xc5, &both)] {
            let whole = data(flags, parts);
            assert!(is_whole(&whole), "{flags:x}");
            for more in [&b"\0"[..], b"\xa0", b"more"] {
                assert!(!is_whole(&[&whole[..], more].concat()), "{flags:x} {more:?}");
            }
            for length in 0..whole.len() {
                assert!(!is_whole(&whole[..length]), "{flags:x} cut after {length}");
            }
        }
        // Indefinite lengths, counts beyond the input, and endless nesting.
        for extensions in [
            &b"\xbf\xff"[..],
            b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff\0",
            &[0x81; 100],
        ] {
            assert!(!is_whole(&data(0x85, extensions)), "{extensions:?}");
        }
    }

    #[test]
    fn a13_the_data_of_an_attestation_is_found_and_nothing_follows_it() {
        let object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x43abc";
        assert_eq!(of_attestation(object), Some(&b"abc"[..]));
        assert_eq!(of_attestation(&[&object[..], b"\0"].concat()), None);
        assert_eq!(of_attestation(&object[..object.len() - 1]), None);
        for other in [&b""[..], b"\xa0", b"\x80", b"\xa1\x68authData\x63abc", b"\xa1\x68authData"] {
            assert_eq!(of_attestation(other), None, "{other:?}");
        }
    }
}
