//! The contents and the error rate of the blocklist.

use vestibule_blocklist::{ENTRIES, contains, key};

#[test]
fn asvs_6_2_4_and_6_2_12_the_blocklist_contains_what_its_documentation_says() {
    assert_eq!(ENTRIES, 1_524_168, "the documentation says otherwise");
    let sample: Vec<&str> = include_str!("../data/sample.txt").lines().collect();
    assert_eq!(sample.len(), 200);
    for entry in sample.into_iter().chain(["123456", "password", "qwerty", "password1234", "correcthorsebattery"]) {
        assert!(contains(entry), "{entry}");
        assert!(contains(&entry.to_uppercase()), "{entry}");
    }
}

#[test]
fn uncommon_texts_are_not_on_the_blocklist() {
    for text in ["", "correct horse battery", "열두글자를넘는한국어비밀번호", "🦉🦉 owls of Samarkand"]
    {
        assert!(!contains(text), "{text}");
    }
}

#[test]
fn one_in_65_536_other_texts_is_mistaken_for_an_entry() {
    const TEXTS: u64 = 1_000_000;
    let wrong =
        (0..TEXTS).filter(|n| contains(&format!("no entry {:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))).count();
    // 15.3 are expected. The texts are the same in every run, so the test never fails by chance.
    assert!((5..30).contains(&wrong), "{wrong} of {TEXTS}");
}

#[test]
fn keys_never_change() {
    // The head of `printf 'café 42' | sha256sum`.
    assert_eq!(key("Café 42"), u64::from_le_bytes([0x4e, 0x8a, 0x5f, 0x07, 0xc7, 0x2b, 0x61, 0x94]));
}
