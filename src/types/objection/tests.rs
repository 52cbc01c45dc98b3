//! Tests of weak and good passwords.

use super::*;
use crate::types::{DisplayName, Email, PasswordPolicy, Username, instant};

const POLICY: PasswordPolicy = PasswordPolicy { min: 8 };

fn judge(text: &str, own: &OwnWords<'_>) -> Option<Objection> {
    objection(&PlainPassword::chosen(text, POLICY).unwrap_or_else(|error| panic!("{text}: {error}")), own)
}

/// Judges a password for Minji Kim's account.
fn minji(text: &str) -> Option<Objection> {
    let username = Username::parse("minji.kim").expect("a username");
    let email = Email::parse("mj1994@seoul-owls.example").expect("an address");
    let display_name = DisplayName::parse("김민지 Kim").expect("a display name");
    let own = OwnWords {
        username: Some(&username),
        email: Some(&email),
        display_name: display_name.as_ref(),
        service_name: "Corner Shop",
    };
    judge(text, &own)
}

fn anyone(text: &str) -> Option<Objection> {
    judge(text, &OwnWords::default())
}

/// A deterministic pseudo-random generator.
fn numbers() -> impl FnMut(u64) -> u64 {
    let mut state = 0x1234_5678_u64;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

#[test]
fn asvs_6_2_4_every_entry_of_the_list_is_refused_in_any_case() {
    for entry in include_str!("../../../crates/blocklist/data/sample.txt").lines() {
        assert!(anyone(entry).is_some(), "{entry}");
        assert!(anyone(&entry.to_uppercase()).is_some(), "{entry}");
    }
    for entry in ["password1234", "iloveyou1234", "Correcthorsebattery", "trustno1trustno1"] {
        assert_eq!(anyone(entry), Some(Objection::Common), "{entry}");
    }
}

#[test]
fn asvs_6_2_4_a_common_password_with_little_added_is_refused() {
    for text in [
        "St4rw4rs:2026!",
        "dragon-2026-!",
        "  Sunshine!! 7 ",
        "!!Manchester83!!",
        "l3tm31n:20261",
        "5unsh1ne:8261",
        "shadow1234567890",
    ] {
        assert!(matches!(anyone(text), Some(Objection::Padded | Objection::Common)), "{text}");
    }
    assert_eq!(anyone("dragon-2026-!"), Some(Objection::Padded));
    for text in ["p@ssw0rdP@ssw0rd", "m1cr0s0ftm1cr0s0ft"] {
        assert_eq!(anyone(text), Some(Objection::Common), "{text}");
    }
}

#[test]
fn asvs_6_2_11_own_words_are_refused_doubled_padded_and_disguised() {
    for text in [
        "minji.kim1994",
        "MINJI KIM 2026",
        "minjikimminjikim",
        "minji1234567890",
        "minji!!!!!!!!!!!!",
        "!!!!!!!!!!minji",
        "m1nj1-k1m-m1nj1",
        "ijnim-ijnim-ijnim",
        "mj1994mj1994mj1994",
        "mj1994@seoul-owls.example",
        "seoulowls2026!",
        "Owls-of-Seoul-26",
        "김민지김민지김민지김민지",
        "김민지 비밀번호 1994",
        "CornerShop-2026!",
        "corner.shop.corner",
        "c0rner sh0p pa55word",
        "minjipassword99",
        "kim minji corner shop",
    ] {
        assert_eq!(minji(text), Some(Objection::OwnWords), "{text}");
        assert_ne!(anyone(text), Some(Objection::OwnWords), "{text}");
    }
}

#[test]
fn a13_own_words_with_digits_are_refused_in_digits() {
    let username = Username::parse("wilhelmina2019bd").expect("a username");
    let email = Email::parse("l1l0u4ever@example.com").expect("an address");
    let own = OwnWords { username: Some(&username), email: Some(&email), ..OwnWords::default() };
    for text in [
        "w1lh3lm1na2019bd",
        "W1LHELM!N4-2019-BD",
        "wi1he1mina2019bd",
        "wilhelmina2oi9bd",
        "db9102an1m13hl1w",
        "lilou4ever-2026",
        "1110u43v3r1110u43v3r",
    ] {
        assert_eq!(judge(text, &own), Some(Objection::OwnWords), "{text}");
        assert_ne!(anyone(text), Some(Objection::OwnWords), "{text}");
    }
    for text in ["wild helmets in 2019", "a lily for ever and a day"] {
        assert_eq!(judge(text, &own), None, "{text}");
    }
}

#[test]
fn own_words_among_others_do_no_harm() {
    for text in [
        "minji likes cold noodles",
        "the owls sing in seoul at dawn",
        "김민지는 겨울 바다를 좋아한다",
        "cornering a sheep",
    ] {
        assert_eq!(minji(text), None, "{text}");
    }
}

#[test]
fn texts_that_repeat_themselves_are_refused() {
    for text in [
        "aaaaaaaaaaaa",
        "121212121212",
        "🦉🦉🦉🦉🦉🦉🦉🦉🦉🦉🦉🦉",
        "xk4xk4xk4xk4",
        "가나가나가나가나가나가나",
        "        ",
    ] {
        assert_eq!(anyone(text), Some(Objection::Repetitive), "{text}");
    }
}

#[test]
fn texts_that_run_along_the_alphabet_or_the_keyboard_are_refused() {
    for text in [
        "123456789012",
        "987654321098",
        "abcdefghijkl",
        "ABCDEFGH12345678",
        "qwertyuiopas",
        "poiuytrewqlkjhgfdsa",
        "qwertzuiopasdf",
        "azertyuiopqs",
        "1qaz2wsx3edc4rfv",
        "aaaabbbbccccdddd",
        "abc!!!!!!!!!",
        "가나다라마바사아자차카타파하",
    ] {
        assert_eq!(anyone(text), Some(Objection::Sequence), "{text}");
    }
}

#[test]
fn asvs_6_2_5_good_passwords_of_every_kind_pass() {
    for text in [
        "correct horse battery",
        "correct horse battery staple",
        "battery horse, correct!",
        "all lowercase phrase",
        "83920174652893746510",
        "열두글자를넘는한국어비밀번호",
        "我喜欢在冬天的早晨喝热茶看书",
        "あさごはんにみそしるをのむ",
        "зимой мы пьём горячий чай",
        " spaces at both ends ",
        "x8#Kq!2vR@9mZ$w",
        "!\"#$%&'()*+,-./:;<=>?",
        "🦉🌙🎻🍊🚲🧊🪁🐌🍋🧵🪴🛶",
        "Die Katze tritt die Treppe krumm",
    ] {
        assert_eq!(anyone(text), None, "{text}");
        assert_eq!(minji(text), None, "{text}");
    }
}

/// Counts the refused among 1,000 generated texts.
fn refused(recipe: impl Fn(&mut dyn FnMut(u64) -> u64) -> String) -> usize {
    let mut number = numbers();
    (0..1_000).filter(|_| minji(&recipe(&mut number)).is_some()).count()
}

#[test]
fn random_texts_are_practically_never_refused() {
    const WORDS: [&str; 32] = [
        "correct", "horse", "battery", "staple", "river", "lantern", "copper", "window", "orbit", "pepper", "violin",
        "canyon", "sugar", "thunder", "marble", "ticket", "walnut", "glacier", "pocket", "engine", "velvet", "anchor",
        "cactus", "ribbon", "turtle", "magnet", "saddle", "island", "button", "feather", "hammer", "puzzle",
    ];
    const KEYS: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_!#$%&*+";
    type Number<'a> = &'a mut dyn FnMut(u64) -> u64;
    let index = |number: Number<'_>, count: usize| usize::try_from(number(count as u64)).expect("an index");
    for separator in [" ", "-", "."] {
        let phrases =
            refused(|number| (0..4).map(|_| WORDS[index(number, WORDS.len())]).collect::<Vec<_>>().join(separator));
        // Some of these are one word four times.
        assert!(phrases <= 1, "{phrases} phrases with {separator:?}");
    }
    let digits =
        refused(|number| (0..20).map(|_| char::from(b'0' + u8::try_from(number(10)).expect("a digit"))).collect());
    assert!(digits <= 1, "{digits} of digits");
    let keys = refused(|number| (0..16).map(|_| char::from(KEYS[index(number, KEYS.len())])).collect());
    assert!(keys <= 1, "{keys} of keys");
    let syllable = |number: Number<'_>| char::from_u32(0xac00 + u32::try_from(number(11_172)).expect("a syllable"));
    let syllables = refused(|number| (0..12).filter_map(|_| syllable(number)).collect());
    assert!(syllables <= 1, "{syllables} of syllables");
}

#[test]
fn cve_2021_45115_the_longest_texts_are_judged_in_no_time() {
    let username = Username::parse(&"a.".repeat(16)).expect("a username");
    let email = Email::parse(&format!("{}@{}.example", "a".repeat(64), "b.a".repeat(50))).expect("an address");
    let display_name = DisplayName::parse(&"ab ".repeat(21)).expect("a display name");
    let own = OwnWords {
        username: Some(&username),
        email: Some(&email),
        display_name: display_name.as_ref(),
        service_name: &"shop ".repeat(20),
    };
    let texts = [
        "a".repeat(128),
        "a".repeat(127) + "b",
        "1q".repeat(64),
        "ab1!".repeat(32),
        "가".repeat(128),
        // Three code points each in NFC: as many as fit.
        "\u{fb2c}".repeat(42),
        "x8#Kq!2vR@9mZ$w ".repeat(8),
    ];
    let start = instant();
    for text in &texts {
        for _ in 0..100 {
            std::hint::black_box(judge(text, &own));
        }
    }
    // Microseconds each in a release build; here unoptimised and next to other tests.
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    assert!(PlainPassword::chosen(&"a1".repeat(500_000), POLICY).is_err());
}
