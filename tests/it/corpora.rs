//! What the fuzz targets promise, for every text of their corpora: the same functions that run in
//! `scripts/fuzz`, without its compiler.

use std::{collections::BTreeSet, fs, path::Path};

use p256::ecdsa::SigningKey;
use serde_json::json;

use crate::support::authenticator::Authenticator;

#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// The corpora are kept in git: a few hundred KiB in all.
const KEPT_MAX: u64 = 400 * 1024;

fn fuzz(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fuzz(folder)).unwrap_or_else(|error| panic!("fuzz/{folder}: {error}"));
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
}

#[test]
fn every_text_of_every_corpus_keeps_the_promises_of_its_target() {
    let mut size = 0;
    for (name, promise) in targets::TARGETS {
        let kept = names(&format!("corpus/{name}"));
        assert!(!kept.is_empty(), "{name} has no corpus");
        for file in kept {
            let data = fs::read(fuzz("corpus").join(name).join(&file)).expect("a file of the corpus");
            size += data.len() as u64;
            let outcome = std::panic::catch_unwind(|| promise(&data));
            assert!(outcome.is_ok(), "{name} breaks its promise for fuzz/corpus/{name}/{file}");
        }
    }
    assert!(size <= KEPT_MAX, "{size} octets; scripts/fuzz --minimise makes them fewer");
}

#[test]
fn every_target_is_run_and_has_a_corpus() {
    let known: BTreeSet<String> = targets::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let targets: BTreeSet<String> =
        names("fuzz_targets").iter().filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned())).collect();
    assert_eq!(targets, known);
    assert_eq!(names("corpus"), known);
}

/// So that the fuzzer begins behind the first checks, the corpora hold one answer each that is good.
#[test]
fn the_corpora_of_passkeys_begin_with_honest_answers() {
    let mut honest = Authenticator::at(targets::ORIGIN);
    honest.key = SigningKey::from_slice(&targets::KEY).expect("a key");
    honest.credential_id = targets::CREDENTIAL_ID.to_vec();
    let user = data_encoding::BASE64URL_NOPAD.encode(&targets::OWNER);
    let options = json!({ "challenge": targets::CHALLENGE, "user": { "id": user } });
    for (target, answer) in [("passkey_new", honest.create(&options)), ("passkey_answer", honest.get(&options))] {
        let kept = fs::read_to_string(fuzz("corpus").join(target).join("honest")).expect("the honest answer");
        assert_eq!(kept, answer, "{target}");
    }
    assert!(targets::passkey_answer_counts(&fs::read(fuzz("corpus/passkey_answer/honest")).expect("an answer")));
}
