//! Every backend of this processor computes the tags of the standard, of the reference implementation and of
//! RustCrypto's `argon2`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use vestibule_argon2::{Argon2, Backend, Memory, Params, Variant};

#[path = "equality/case.rs"]
mod case;
use case::{Case, OFTEN};

fn hex(tag: &[u8]) -> String {
    tag.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn variant(name: &str) -> Variant {
    match name {
        "d" => Variant::D,
        "i" => Variant::I,
        _ => Variant::Id,
    }
}

#[test]
fn rfc_9106_section_5_vectors() {
    let vectors = [
        ("d", "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb"),
        ("i", "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8"),
        ("id", "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"),
    ];
    for (name, expected) in vectors {
        for backend in Backend::available() {
            let argon2 = Argon2::new(variant(name), Params::new(32, 3, 4).unwrap(), backend);
            let mut tag = [0; 32];
            argon2.secret(&[3; 8]).associated(&[4; 12]).hash(&mut Memory::new(), &[1; 32], &[2; 16], &mut tag).unwrap();
            assert_eq!(hex(&tag), expected, "argon2{name} by {backend}");
        }
    }
}

/// The version 0x13 vectors of the reference implementation's `src/test.c`, except the one that needs a gigabyte:
/// variant, t, log2 of m, p, password, salt, tag.
const REFERENCE: &[(&str, u32, u32, u32, &str, &str, &str)] = &[
    ("i", 2, 16, 1, "password", "somesalt", "c1628832147d9720c5bd1cfd61367078729f6dfb6f8fea9ff98158e0d7816ed0"),
    ("i", 2, 18, 1, "password", "somesalt", "296dbae80b807cdceaad44ae741b506f14db0959267b183b118f9b24229bc7cb"),
    ("i", 2, 8, 1, "password", "somesalt", "89e9029f4637b295beb027056a7336c414fadd43f6b208645281cb214a56452f"),
    ("i", 2, 8, 2, "password", "somesalt", "4ff5ce2769a1d7f4c8a491df09d41a9fbe90e5eb02155a13e4c01e20cd4eab61"),
    ("i", 1, 16, 1, "password", "somesalt", "d168075c4d985e13ebeae560cf8b94c3b5d8a16c51916b6f4ac2da3ac11bbecf"),
    ("i", 4, 16, 1, "password", "somesalt", "aaa953d58af3706ce3df1aefd4a64a84e31d7f54175231f1285259f88174ce5b"),
    (
        "i",
        2,
        16,
        1,
        "differentpassword",
        "somesalt",
        "14ae8da01afea8700c2358dcef7c5358d9021282bd88663a4562f59fb74d22ee",
    ),
    ("i", 2, 16, 1, "password", "diffsalt", "b0357cccfbef91f3860b0dba447b2348cbefecadaf990abfe9cc40726c521271"),
    ("id", 2, 16, 1, "password", "somesalt", "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
    ("id", 2, 18, 1, "password", "somesalt", "78fe1ec91fb3aa5657d72e710854e4c3d9b9198c742f9616c2f085bed95b2e8c"),
    ("id", 2, 8, 1, "password", "somesalt", "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
    ("id", 2, 8, 2, "password", "somesalt", "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
    ("id", 1, 16, 1, "password", "somesalt", "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"),
    ("id", 4, 16, 1, "password", "somesalt", "9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c"),
    (
        "id",
        2,
        16,
        1,
        "differentpassword",
        "somesalt",
        "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde",
    ),
    ("id", 2, 16, 1, "password", "diffsalt", "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c"),
];

#[test]
fn the_reference_implementations_vectors() {
    let mut memory = Memory::new();
    for (name, t, log_m, p, password, salt, expected) in REFERENCE {
        for backend in Backend::available() {
            let argon2 = Argon2::new(variant(name), Params::new(1 << log_m, *t, *p).unwrap(), backend);
            let mut tag = [0; 32];
            argon2.hash_unwiped(&mut memory, password.as_bytes(), salt.as_bytes(), &mut tag).unwrap();
            assert_eq!(hex(&tag), *expected, "argon2{name} 2^{log_m} {t} {p} by {backend}");
        }
    }
}

/// Distributes the cases over all processors, until one fails.
fn on_all_processors(work: impl Fn(u64, &mut Memory) + Sync, cases: u64) {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut memory = Memory::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= cases {
                        return;
                    }
                    work(number, &mut memory);
                }
            });
        }
    });
}

/// The case number is the seed, so a failure names it.
#[test]
fn twenty_thousand_random_cases_on_every_path() {
    on_all_processors(
        |number, memory| {
            let bytes = case::random_bytes(number);
            let case = Case::read(&bytes, if number % 1000 == 999 { 65_536 } else { OFTEN });
            assert_eq!(case.differing_backend(memory), None, "case {number}: {case:?}");
        },
        20_000,
    );
}

/// The fuzzing corpus, decoded as in the fuzz target.
#[test]
fn the_corpus_of_fuzzing_on_every_path() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/equality");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 20, "a corpus");
    on_all_processors(
        |number, memory| {
            let file = &files[usize::try_from(number).unwrap()];
            let bytes = std::fs::read(file).unwrap();
            let case = Case::read(&bytes, OFTEN);
            assert_eq!(case.differing_backend(memory), None, "{}: {case:?}", file.display());
        },
        files.len() as u64,
    );
}

/// Ensures that the tests above cover every parameter.
#[test]
fn the_random_cases_reach_all_there_is_to_vary() {
    let cases: Vec<Vec<u8>> = (0..20_000).map(case::random_bytes).collect();
    let cases: Vec<Case> = cases.iter().map(|bytes| Case::read(bytes, OFTEN)).collect();
    let (variants, counts) = ([Variant::D, Variant::I, Variant::Id], 1..=4_u32);
    let lanes = counts.clone().flat_map(|lanes| counts.clone().map(move |passes| (lanes, passes)));
    for (variant, (lanes, passes)) in variants.into_iter().flat_map(|variant| lanes.clone().map(move |n| (variant, n)))
    {
        let alike = |case: &&Case| (case.variant, case.p, case.t) == (variant, lanes, passes);
        assert!(cases.iter().filter(alike).count() > 100, "{variant:?} p={lanes} t={passes}");
    }
    for length in 4..=64 {
        assert!(cases.iter().any(|case| case.tag == length), "a tag of {length}");
    }
    assert!(cases.iter().filter(|case| case.m > 1024).count() > 50);
    assert!(cases.iter().filter(|case| !case.secret.is_empty() && !case.associated.is_empty()).count() > 1000);
    assert!(cases.iter().any(|case| case.secret.is_empty() && case.associated.is_empty()));
}
