//! Our side of `scripts/jose-interop`: signs random claims for others to verify, and verifies what they signed.
//!
//! `interop sign ALG COUNT` prints a key set, and on each line a token, a tab and its claims. `interop verify ALG` reads
//! the same and prints how many tokens it verified, and how many it refused after one bit of each was flipped.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "what fails here has found something")]

use std::{
    io::{BufRead as _, BufWriter, Write as _},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value, json};
use vestibule_jose::{Algorithm, Audience, Expect, KeySet, SigningKey, Typ, verify};

const NOW: i64 = 1_800_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["sign", alg, count] => sign(alg.parse().expect("an algorithm"), count.parse().expect("a number")),
        ["verify", alg] => verify_all(alg.parse().expect("an algorithm")),
        _ => panic!("usage: interop sign ALG COUNT | interop verify ALG"),
    }
}

fn sign(algorithm: Algorithm, count: usize) {
    let (key, _) = SigningKey::generate(algorithm).expect("a key");
    let keys = KeySet::new([key.public().clone()]).expect("a set");
    let mut out = BufWriter::new(std::io::stdout().lock());
    writeln!(out, "{}", serde_json::to_string(&keys).expect("JSON")).expect("output");
    for _ in 0..count {
        let claims = random_claims();
        let token = key.sign(Typ::Jwt, &claims).expect("a token");
        writeln!(out, "{token}\t{claims}").expect("output");
    }
}

fn verify_all(algorithm: Algorithm) {
    let mut lines = std::io::stdin().lock().lines().map(|line| line.expect("input"));
    let keys = KeySet::parse(&lines.next().expect("a key set")).expect("a good key set");
    for key in keys.keys() {
        assert_eq!(key.kid(), key.thumbprint(), "the other side computes another thumbprint");
    }
    let expect = Expect {
        typ: Typ::Jwt,
        algorithms: &[algorithm],
        issuer: "https://id.example",
        audience: Audience::Includes("app"),
        now: NOW,
        leeway: Duration::ZERO,
        max_age: Some(Duration::from_hours(1)),
    };
    let (mut verified, mut refused) = (0_u64, 0_u64);
    for line in lines {
        let (token, claims) = line.split_once('\t').expect("a tab");
        let wanted: Map<String, Value> = serde_json::from_str(claims).expect("JSON");
        let claims = verify(token, &keys, &expect).unwrap_or_else(|refused| panic!("{refused}: {token}"));
        assert_eq!(claims.into_typed::<Map<String, Value>>().as_ref(), Ok(&wanted));
        verified += 1;
        let changed = flip_a_bit(token);
        assert!(verify(&changed, &keys, &expect).is_err(), "accepted: {changed}");
        refused += 1;
    }
    println!("verified {verified}, refused {refused}");
}

fn flip_a_bit(token: &str) -> String {
    let mut segments: Vec<Vec<u8>> =
        token.split('.').map(|segment| URL_SAFE_NO_PAD.decode(segment).expect("base64url")).collect();
    let segment = &mut segments[below(3)];
    let bit = below(segment.len() * 8);
    segment[bit / 8] ^= 1 << (bit % 8);
    let segments: Vec<_> = segments.iter().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).collect();
    segments.join(".")
}

fn below(limit: usize) -> usize {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).expect("random numbers");
    usize::try_from(u64::from_le_bytes(bytes) % limit as u64).expect("a small number")
}

fn random_claims() -> Value {
    let audiences = [json!("app"), json!(["app"]), json!(["app", random_text()])];
    let mut claims = json!({
        "iss": "https://id.example",
        "aud": audiences[below(3)],
        "sub": format!("s{}", random_text()),
        "iat": NOW - 1800 + i64::try_from(below(1800)).expect("small"),
        "exp": NOW + 1 + i64::try_from(below(3600)).expect("small"),
    });
    for _ in 0..below(8) {
        claims[format!("x{}", random_text())] = random_value(4);
    }
    claims
}

fn random_text() -> String {
    const ODD: &str = "\0\u{7f}\u{80}\"\\/<>&'\u{2028}\u{feff}\u{fffd}\u{10ffff}é한국🔑";
    let odd: Vec<char> = ODD.chars().collect();
    (0..below(24))
        .map(|_| match below(4) {
            0 => odd[below(odd.len())],
            1 => char::from_u32(u32::try_from(below(0xd7ff)).expect("small")).unwrap_or(' '),
            _ => char::from(b' ' + u8::try_from(below(95)).expect("small")),
        })
        .collect()
}

fn random_value(levels: usize) -> Value {
    match below(if levels == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => json!(below(2) == 0),
        // What JavaScript holds exactly.
        2 => json!(i64::try_from(below(1 << 53)).expect("small") - (1 << 52)),
        3 => json!(u32::try_from(below(1 << 31)).map_or(0.5, |number| f64::from(number) / 1024.0)),
        4 => json!(random_text()),
        5 => (0..below(4)).map(|_| random_value(levels - 1)).collect(),
        _ => Value::Object((0..below(4)).map(|_| (random_text(), random_value(levels - 1))).collect()),
    }
}
