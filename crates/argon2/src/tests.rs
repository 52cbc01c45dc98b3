//! Every implementation against the test vector of RFC 9106, and against the
//! `argon2` crate.

use super::*;
use crate::hash::Inputs;

fn implementations() -> impl Iterator<Item = Implementation> {
    Implementation::available()
}

fn expected(params: &Params, password: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let costs = argon2::Params::new(params.m_kib(), params.t(), params.p(), Some(length)).unwrap();
    let context = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, costs);
    let mut tag = vec![0; length];
    context.hash_password_into(password, salt, &mut tag).unwrap();
    tag
}

#[track_caller]
fn check(memory: &mut Memory, costs: (u32, u32, u32), lengths: (usize, usize, usize)) {
    let (m, t, p) = costs;
    let params = Params::new(m, t, p).unwrap();
    let password: Vec<u8> = (0..lengths.0).map(|i| (i * 7 + 1).to_le_bytes()[0]).collect();
    let salt: Vec<u8> = (0..lengths.1).map(|i| (i * 13 + 5).to_le_bytes()[0]).collect();
    let expected = expected(&params, &password, &salt, lengths.2);
    let inputs = Inputs { password: &password, salt: &salt, secret: &[], associated: &[] };
    for implementation in implementations() {
        let mut tag = vec![0; lengths.2];
        hash::argon2id(implementation, memory, &params, &inputs, &mut tag).unwrap();
        assert_eq!(tag, expected, "{implementation:?} {costs:?} {lengths:?}");
        assert_wiped(memory);
    }
}

/// All of it, also what a smaller hash did not use.
fn assert_wiped(memory: &mut Memory) {
    let count = memory.len() / block::BLOCK_BYTES;
    let blocks = memory.blocks(count).unwrap();
    assert!(blocks.iter().all(|block| block.0.iter().all(|word| *word == 0)), "memory not wiped");
}

#[test]
fn test_vector_of_the_rfc() {
    let params = Params::new(32, 3, 4).unwrap();
    let inputs = Inputs { password: &[1; 32], salt: &[2; 16], secret: &[3; 8], associated: &[4; 12] };
    let expected = [
        0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b, 0x53, 0xc9, 0xd0, 0x1e,
        0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9, 0x6b, 0x01, 0xe6, 0x59,
    ];
    for implementation in implementations() {
        let mut tag = [0; 32];
        hash::argon2id(implementation, &mut Memory::new(), &params, &inputs, &mut tag).unwrap();
        assert_eq!(tag, expected, "{implementation:?}");
    }
}

#[test]
fn costs_like_the_argon2_crate() {
    let mut memory = Memory::new();
    // The first address block is exactly used up, nearly, and just not, with
    // 512, 511 and 516 blocks to a lane.
    for m in [8, 9, 15, 16, 31, 32, 33, 64, 511, 512, 516, 519, 1024, 1041] {
        for t in 1..=4 {
            for p in [1, 2, 3, 4] {
                if m >= 8 * p {
                    check(&mut memory, (m, t, p), (8, 16, 32));
                }
            }
        }
    }
}

#[test]
fn lengths_like_the_argon2_crate() {
    let mut memory = Memory::new();
    for password in 0..=200 {
        check(&mut memory, (8, 1, 1), (password, 8 + password % 57, 4 + password % 61));
    }
    for salt in 8..=64 {
        for tag in [4, 16, 32, 64] {
            check(&mut memory, (16, 2, 1), (12, salt, tag));
        }
    }
    check(&mut memory, (16, 1, 2), (100_000, 10_000, 32));
}

#[test]
fn the_service_costs_like_the_argon2_crate() {
    let mut memory = Memory::for_params(&Params::new(19_456, 2, 1).unwrap()).unwrap();
    check(&mut memory, (19_456, 2, 1), (20, 16, 32));
    check(&mut memory, (19_456, 1, 4), (20, 16, 32));
    check(&mut memory, (19_457, 3, 2), (20, 16, 32));
}

#[test]
fn memory_is_reused_grown_and_never_shrunk() {
    let mut memory = Memory::new();
    assert!(memory.is_empty());
    let mut before = 0;
    for m in [64, 8, 4096, 64, 3000, 5000, 8, 4096] {
        check(&mut memory, (m, 2, 1), (9, 16, 32));
        assert!(memory.len() >= before.max(m as usize * 1024), "{m}");
        before = memory.len();
    }
    let memory = Memory::for_params(&Params::new(4096, 1, 1).unwrap()).unwrap();
    assert_eq!(memory.len(), 4096 * 1024);
}

#[test]
fn the_chosen_implementation_is_the_fastest() {
    let last = implementations().last().unwrap();
    assert_eq!(implementation(), last.name());
    let params = Params::new(64, 1, 1).unwrap();
    let mut tag = [0; 24];
    argon2id(&mut Memory::new(), &params, b"password", b"somesalt", &mut tag).unwrap();
    assert_eq!(tag[..], expected(&params, b"password", b"somesalt", 24));
    for implementation in implementations() {
        let mut named = [0; 24];
        let name = implementation.name();
        let memory = &mut Memory::new();
        argon2id_by(name, memory, &params, b"password", b"somesalt", &mut named).unwrap();
        assert_eq!(named, tag);
    }
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
    let params = Params::new(8, 1, 1).unwrap();
    let memory = &mut Memory::new();
    for length in [0, 3, 65, 128] {
        let mut tag = vec![0xaa; length];
        let result = argon2id(memory, &params, b"password", b"somesalt", &mut tag);
        assert_eq!(result, Err(Error::TagLength), "{length}");
        assert!(tag.iter().all(|byte| *byte == 0xaa), "the tag was touched");
    }
    for salt in [&b""[..], b"seven b"] {
        let result = argon2id(memory, &params, b"password", salt, &mut [0; 32]);
        assert_eq!(result, Err(Error::SaltLength), "{salt:?}");
    }
    assert!(memory.is_empty(), "nothing was allocated for what was refused");
}
