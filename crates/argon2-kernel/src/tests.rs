//! Unit tests of internals: wiping, growing, validation and backend selection. `tests/equality.rs` tests the tags.

use super::*;
use crate::params::InvalidParams;

fn id(m: u32, t: u32, p: u32, backend: Backend) -> Argon2<'static> {
    Argon2::new(Variant::Id, Params::new(m, t, p).unwrap(), backend)
}

fn is_zero(blocks: &[Block]) -> bool {
    blocks.iter().all(|block| block.0.iter().all(|word| *word == 0))
}

fn expected(m: u32, t: u32, password: &[u8], salt: &[u8]) -> [u8; 32] {
    let params = ::argon2::Params::new(m, t, 1, Some(32)).unwrap();
    let context = ::argon2::Argon2::new(::argon2::Algorithm::Argon2id, ::argon2::Version::V0x13, params);
    let mut tag = [0; 32];
    context.hash_password_into(password, salt, &mut tag).unwrap();
    tag
}

#[test]
fn a_hash_wipes_the_memory() {
    for backend in Backend::available() {
        let (mut memory, mut tag) = (Memory::new(), [0; 32]);
        id(64, 2, 1, backend).hash(&mut memory, b"password", b"somesalt", &mut tag).unwrap();
        assert!(is_zero(memory.all()), "{backend}");
        let mut blocks = vec![Block([7; 128]); 70];
        let mut again = [0; 32];
        id(64, 2, 1, backend).hash_in(&mut blocks, b"password", b"somesalt", &mut again).unwrap();
        assert_eq!(tag, again);
        assert!(is_zero(&blocks[..64]), "{backend}");
        assert!(!is_zero(&blocks[64..65]), "only what was used");
    }
}

#[test]
fn deferred_wiping_reaches_all_that_was_used() {
    for backend in Backend::available() {
        let (mut memory, mut tag) = (Memory::new(), [0; 32]);
        id(512, 1, 1, backend).hash_unwiped(&mut memory, b"password", b"somesalt", &mut tag).unwrap();
        // A smaller hash leaves the rest of the larger one.
        id(64, 1, 1, backend).hash_unwiped(&mut memory, b"password", b"somesalt", &mut tag).unwrap();
        assert!(!is_zero(&memory.all()[500..512]), "nothing to wipe");
        memory.wipe();
        assert!(is_zero(memory.all()), "{backend}");
    }
}

#[test]
fn what_an_earlier_hash_left_changes_nothing() {
    let expected = expected(64, 3, b"password", b"somesalt");
    for backend in Backend::available() {
        let (mut memory, mut tag) = (Memory::new(), [0; 32]);
        for before in [8, 40, 300] {
            id(before, 1, 1, backend).hash_unwiped(&mut memory, b"another", b"othersalt", &mut tag).unwrap();
            id(64, 3, 1, backend).hash_unwiped(&mut memory, b"password", b"somesalt", &mut tag).unwrap();
            assert_eq!(tag, expected, "{backend} after {before}");
        }
    }
}

#[test]
fn memory_is_reused_grown_and_never_shrunk() {
    let mut memory = Memory::new();
    assert!(memory.is_empty());
    let (mut before, mut tag) = (0, [0; 32]);
    for m in [64, 8, 4096, 64, 3000, 5000, 8, 4096] {
        id(m, 2, 1, Backend::fastest()).hash(&mut memory, b"password", b"somesalt", &mut tag).unwrap();
        assert_eq!(tag, expected(m, 2, b"password", b"somesalt"), "{m}");
        assert!(memory.len() >= before.max(m as usize * 1024), "{m}");
        before = memory.len();
    }
    let memory = Memory::for_params(&Params::new(4096, 1, 1).unwrap()).unwrap();
    assert_eq!(memory.len(), 4096 * 1024);
}

#[test]
fn the_known_tag_is_rustcryptos() {
    let tag = expected(1024, 2, b"vestibule", b"self-check, known");
    assert_eq!(crate::argon2::KNOWN_TAG, tag, "{tag:#04x?}");
}

#[test]
fn every_backend_has_the_known_tag_and_the_fastest_is_selected() {
    for backend in Backend::available() {
        assert!(has_known_tag(backend), "{backend}");
    }
    let fastest = Backend::available().next_back().unwrap();
    assert_eq!(Selection::checked_by(has_known_tag), Ok(Selection { backend: fastest, failed: None }));
}

#[test]
fn a_failing_backend_is_replaced_by_the_portable_one_or_none() {
    let fastest = Backend::fastest();
    let mut asked = vec![];
    let selection = Selection::checked_by(|backend| {
        asked.push(backend);
        backend == Backend::Portable
    });
    if fastest == Backend::Portable {
        assert_eq!(selection, Ok(Selection { backend: Backend::Portable, failed: None }));
    } else {
        assert_eq!(selection, Ok(Selection { backend: Backend::Portable, failed: Some(fastest) }));
        assert_eq!(asked, [fastest, Backend::Portable]);
    }
    assert_eq!(Selection::checked_by(|_| false), Err(NoWorkingBackend));
}

#[test]
fn wrong_parameters_are_refused() {
    for (m, t, p, wrong) in [
        (7, 1, 1, InvalidParams::Memory),
        (31, 1, 4, InvalidParams::Memory),
        (0, 1, 1, InvalidParams::Memory),
        ((1 << 20) + 1, 1, 1, InvalidParams::Memory),
        (u32::MAX, 1, 1, InvalidParams::Memory),
        (64, 0, 1, InvalidParams::Passes),
        (64, 65, 1, InvalidParams::Passes),
        (64, 1, 0, InvalidParams::Lanes),
        (1024, 1, 17, InvalidParams::Lanes),
        (64, 1, u32::MAX, InvalidParams::Lanes),
    ] {
        assert_eq!(Params::new(m, t, p), Err(wrong), "{m} {t} {p}");
    }
    for (m, t, p) in [(8, 1, 1), (128, 64, 16), (1 << 20, 64, 16)] {
        let params = Params::new(m, t, p).unwrap();
        assert_eq!((params.m_kib(), params.t(), params.p()), (m, t, p));
    }
    assert_eq!(Params::new(33, 1, 2).unwrap().blocks(), 32);
}

#[test]
fn wrong_lengths_are_refused() {
    let argon2 = id(8, 1, 1, Backend::fastest());
    let memory = &mut Memory::new();
    for length in [0, 3, 65, 128] {
        let mut tag = vec![0xaa; length];
        let result = argon2.hash(memory, b"password", b"somesalt", &mut tag);
        assert_eq!(result, Err(Error::TagLength), "{length}");
        assert!(tag.iter().all(|byte| *byte == 0xaa), "the tag was touched");
    }
    for salt in [&b""[..], b"seven b"] {
        let result = argon2.hash(memory, b"password", salt, &mut [0; 32]);
        assert_eq!(result, Err(Error::SaltLength), "{salt:?}");
    }
    assert!(memory.is_empty(), "nothing was allocated for what was refused");
    let few = &mut [Block::ZERO; 7];
    assert_eq!(argon2.hash_in(few, b"password", b"somesalt", &mut [0; 32]), Err(Error::OutOfMemory));
}

#[test]
fn debug_output_hides_secrets() {
    let shown = format!("{:?} {:?}", id(8, 1, 1, Backend::Portable).secret(&[0xee; 3]), Block([0xee; 128]));
    assert!(!shown.contains("238"), "{shown}");
}
