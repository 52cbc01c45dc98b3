//! What carries a secret, or should: tokens, codes, sealed values and stored hashes.

use std::sync::{LazyLock, Mutex, PoisonError};

use super::text;
use argon2::{Argon2, password_hash::PasswordVerifier as _, password_hash::phc::PasswordHash};
use axum::http::HeaderValue;
use tower_sessions::session::Id;
use unicode_normalization::UnicodeNormalization as _;
use vestibule::{
    config::{Config, Environment, Secrets},
    crypto::sealing::{HEAD, SealingKeys},
    features::{
        recovery_codes::model::RecoveryCode,
        totp::model::{Code, Seed},
    },
    passwords::hash::{Kernel, Verdict, choose_path, verify},
    types::{Notice, SecretToken, UserId, now, random_uuid},
    web::{CookieId, csrf::Csrf, store_id},
};
use vestibule_argon2::Params;

fn secrets(given: &str) -> Secrets {
    let config = Config::read(Environment::of([("VESTIBULE_SECRET", given)])).expect("good settings");
    Secrets::given_or_kept(&config.secrets, "/nowhere".as_ref()).expect("given keys")
}

const KEYS: &str = "a key for tests and for nothing else 0123456789,an older key of tests that still opens 987654";
const OLD: &str = "an older key of tests that still opens 987654";

/// Tokens, session identifiers and codes of notices have one spelling each, and none is guessed.
pub fn tokens(data: &[u8]) {
    static BROWSER: LazyLock<(Vec<[u8; 32]>, Csrf, String)> = LazyLock::new(|| {
        let keys = secrets(KEYS).derive("csrf");
        let csrf = Csrf::new(Some(SecretToken::random()), "a session".to_owned(), now());
        let token = csrf.token(&keys);
        (keys, csrf, token)
    });
    let Some(text) = text(data) else { return };
    if let Some(token) = SecretToken::parse(text) {
        assert_eq!(token.reveal(), text);
        assert!(HeaderValue::from_str(text).is_ok());
    }
    if let Some(id) = CookieId::parse(text) {
        assert_eq!(text.parse::<Id>().map(|id| id.to_string()).as_deref(), Ok(text));
        assert_ne!(store_id(&id), text, "the database would hold what opens a session");
    }
    if let Some(notice) = Notice::from_code(text) {
        assert_eq!(notice.code(), text);
    }
    let (keys, csrf, token) = &*BROWSER;
    assert_eq!(csrf.accepts(keys, text), text == token);
    // The token itself with what came put somewhere into it.
    let at = data.len() % (token.len() + 1);
    let changed = format!("{}{text}{}", &token[..at], &token[at..]);
    assert_eq!(csrf.accepts(keys, &changed), changed == *token, "{changed:?}");
}

/// Codes are digits and letters however they are typed, and read again they are the same.
pub fn codes(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(code) = Code::parse(text) {
        // What full-width digits mean, said by the tables of Unicode instead of by us.
        let digits: String = text.nfkc().filter(char::is_ascii_digit).collect();
        assert_eq!(digits.len(), 6, "{text:?}");
        let again = Code::parse(&digits).expect("its digits");
        let seed = Seed::read(b"12345678901234567890").expect("a seed");
        for now in [0, 1, i64::from(u32::MAX)] {
            let steps: Vec<_> = seed.steps(&code, now).collect();
            assert!(steps.iter().all(|step| (now - 1..=now + 1).contains(step)));
            assert_eq!(seed.steps(&again, now).collect::<Vec<_>>(), steps);
        }
    }
    if let Some(code) = RecoveryCode::parse(text) {
        let shown = code.grouped();
        assert_eq!(shown.len(), 29);
        assert!(shown.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'), "{text:?}");
        assert!(!shown.contains(['I', 'L', 'O', 'U']));
        assert_eq!(RecoveryCode::parse(&shown), Some(code.clone()));
        assert_eq!(RecoveryCode::parse(&shown.to_lowercase()), Some(code));
    }
}

/// The first octets say how what was sealed is changed; the whole is also tried as it came. Only what was
/// sealed for this row opens, with the newest key or an older one.
pub fn sealed(data: &[u8]) {
    struct Fixture {
        keys: SealingKeys,
        sealed: [Vec<u8>; 2],
        place: (UserId, uuid::Uuid),
    }
    static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
        let (keys, old) = (SealingKeys::derive(&secrets(KEYS)), SealingKeys::derive(&secrets(OLD)));
        let place = (UserId::random(), random_uuid());
        let seal = |keys: &SealingKeys| keys.seal(place.0, place.1, b"a seed of an app").expect("sealed");
        Fixture { sealed: [seal(&keys), seal(&old)], keys, place }
    });
    let Fixture { keys, sealed, place: (user_id, row) } = &*FIXTURE;
    // The fuzzer watches comparisons and may learn what was sealed.
    let known = sealed.iter().any(|original| original == data);
    assert_eq!(keys.open(*user_id, *row, data).is_ok(), known, "what nobody sealed was opened");
    assert!(!keys.has(data) || data.len() == HEAD);
    for original in sealed {
        assert!(keys.open(*user_id, *row, original).is_ok_and(|plain| plain.as_slice() == b"a seed of an app"));
        let mut changed = original.clone();
        let (edits, tail) = data.split_at(data.len().min(8) & !1);
        for edit in edits.chunks(2) {
            let at = usize::from(edit[0]) % changed.len();
            changed[at] ^= edit[1];
        }
        changed.extend(tail);
        let opened = keys.open(*user_id, *row, &changed);
        assert_eq!(opened.is_ok(), changed == *original);
        let other = UserId(*row);
        assert!(keys.open(other, *row, original).is_err() && keys.open(*user_id, user_id.0, original).is_err());
    }
}

/// What stands in the column of hashes, as whoever can write it might plant it: the verdict is the one of
/// another implementation, and what is dear beyond the bounds is refused before it costs anything.
pub fn phc(data: &[u8]) {
    static KERNEL: Mutex<Option<Kernel>> = Mutex::new(None);
    let Some(stored) = text(data) else { return };
    // As dear as it may be, whichever of several counts, and what is left out has a default.
    let cost = |name: &str, usual: u64| {
        let named = stored.split([',', '$']).filter_map(|part| part.strip_prefix(name));
        named.filter_map(|number| number.parse::<u64>().ok()).max().unwrap_or(usual)
    };
    let (m, t) = (cost("m=", 19_456), cost("t=", 2));
    // Within the bounds, but too slow to try often.
    if m <= 1 << 20 && t <= 64 && m * t > 4096 {
        return;
    }
    let mut kernel = KERNEL.lock().unwrap_or_else(PoisonError::into_inner);
    let kernel = kernel.get_or_insert_with(|| Kernel::new(choose_path().expect("code that computes")));
    let present = Params::new(64, 1, 1).expect("cheap parameters");
    for password in [&b"password"[..], b""] {
        let Ok(verdict) = verify(kernel, &present, password, stored) else { continue };
        let parsed = PasswordHash::new(stored).expect("what was read by us");
        assert_eq!(parsed.algorithm.as_str(), "argon2id");
        let theirs = Argon2::default().verify_password(password, &parsed).is_ok();
        assert_eq!(verdict != Verdict::Wrong, theirs, "{stored}");
    }
}
