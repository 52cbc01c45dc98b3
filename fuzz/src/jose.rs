//! Tokens and key sets that others sign and publish.

use std::{sync::LazyLock, time::Duration};

use super::text;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Map, Value, json};
use vestibule_jose as jose;
use vestibule_jose::{Algorithm, Audience, Expect, KeySet, Typ, verify};

const ISSUER: &str = "https://id.example.com";
const NOW: i64 = 1_800_000_000;

/// Signs with ES256, and is known to the verifier under the name `k`.
static KNOWN: LazyLock<(SigningKey, KeySet)> = LazyLock::new(|| {
    let key = SigningKey::from_slice(&super::KEY).expect("a key");
    let point = key.verifying_key().to_sec1_point(false);
    let part = |part: Option<_>| part.map(|bytes: &p256::FieldBytes| URL_SAFE_NO_PAD.encode(bytes));
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "k", "x": part(point.x()), "y": part(point.y()) });
    (key, KeySet::parse(&json!({ "keys": [jwk] }).to_string()).expect("a key set"))
});

/// As a token, a key set, claims to sign, or a header and claims (apart at the first line's end) under a right
/// signature: nothing panics, and what is accepted is what a lenient parser reads too.
pub fn jose(data: &[u8]) {
    let (key, keys) = &*KNOWN;
    if let Some(text) = text(data) {
        checked(text, keys);
        key_set(text, keys);
    }
    let middle = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, payload) = data.split_at(middle);
    let payload = payload.get(1..).unwrap_or_default();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature: Signature = key.sign(signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    if checked(&token, keys) {
        // One bit of the signature, wherever the data says.
        let mut other = signature.to_bytes();
        let at = data.len() % (other.len() * 8);
        other[at / 8] ^= 1 << (at % 8);
        assert!(!checked(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(other)), keys), "{token}");
    }
    ours(payload);
}

fn expect(typ: Typ) -> Expect<'static> {
    let (issuer, audience) = (ISSUER, Audience::Includes("app"));
    Expect { typ, algorithms: &Algorithm::ALL, issuer, audience, now: NOW, leeway: Duration::ZERO, max_age: None }
}

/// Whether a token is accepted; if so, its parts say what was expected.
fn checked(token: &str, keys: &KeySet) -> bool {
    let accepted = Typ::ALL.into_iter().filter_map(|typ| Some((typ, verify(token, keys, &expect(typ)).ok()?)));
    let accepted: Vec<_> = accepted.collect();
    assert!(accepted.len() < 2, "two kinds of token: {token}");
    let Some((typ, claims)) = accepted.into_iter().next() else { return false };

    let segments: Vec<_> = token.split('.').collect();
    assert_eq!(segments.len(), 3, "{token}");
    let decoded: Vec<_> = segments.iter().map(|segment| URL_SAFE_NO_PAD.decode(segment).expect("base64url")).collect();
    assert!(segments.iter().zip(&decoded).all(|(segment, bytes)| URL_SAFE_NO_PAD.encode(bytes) == *segment));
    let header: Map<String, Value> = serde_json::from_slice(&decoded[0]).expect("a header");
    assert_eq!(header["alg"], "ES256");
    assert!(header.get("kid").is_none_or(|kid| kid == "k"), "{token}");
    assert!(["crit", "b64", "jku", "jwk", "x5c", "x5u"].iter().all(|name| !header.contains_key(*name)), "{token}");
    let said = header.get("typ").map_or(String::from("jwt"), |typ| typ.as_str().expect("a text").to_lowercase());
    assert_eq!(said.strip_prefix("application/").unwrap_or(&said), typ.name().to_lowercase());

    let members: Map<String, Value> = serde_json::from_slice(&decoded[1]).expect("claims");
    assert_eq!(members["iss"], ISSUER);
    assert!(members["aud"] == "app" || members["aud"].as_array().is_some_and(|all| all.contains(&"app".into())));
    assert!(members["exp"].as_f64().is_some_and(|exp| exp > 1.8e9), "{token}");
    assert!(["nbf", "iat"].iter().all(|name| members.get(*name).is_none_or(|date| date.as_f64() < Some(1.8e9 + 1.))));
    assert!(members.get("sub").is_none_or(|sub| sub.as_str().is_some_and(|sub| Some(sub) == claims.subject())));
    assert_eq!(claims.into_typed::<Map<String, Value>>(), Ok(members));
    true
}

/// A set that is read can be published, is then the same, and holds nothing private.
fn key_set(text: &str, known: &KeySet) {
    let Ok(keys) = KeySet::parse(text) else { return };
    let published = serde_json::to_string(&keys).expect("JSON");
    assert_eq!(KeySet::parse(&published).as_ref(), Ok(&keys), "{published}");
    let all: Value = serde_json::from_str(text).expect("what was read");
    for key in all["keys"].as_array().expect("keys") {
        assert!(["d", "p", "q", "k"].iter().all(|private| key.get(private).is_none()), "{text}");
    }
    let token = good_token();
    assert!(checked(&token, known), "the good token is refused");
    assert!(!checked(&token, &keys) || keys.keys().iter().any(|key| known.keys()[0].thumbprint() == key.thumbprint()));
}

fn good_token() -> String {
    let claims = json!({ "iss": ISSUER, "aud": "app", "exp": NOW + 1 });
    let (header, claims) = (json!({ "alg": "ES256" }).to_string(), claims.to_string());
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature: Signature = KNOWN.0.sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// What we sign, we verify, and read the same claims.
fn ours(payload: &[u8]) {
    static OURS: LazyLock<[(jose::SigningKey, KeySet); 2]> = LazyLock::new(|| {
        [Algorithm::ES256, Algorithm::EdDSA].map(|algorithm| {
            let (key, _) = jose::SigningKey::generate(algorithm).expect("a key");
            let keys = KeySet::new([key.public().clone()]).expect("a set");
            (key, keys)
        })
    });
    let Ok(mut claims) = serde_json::from_slice::<Map<String, Value>>(payload) else { return };
    for (name, value) in [("iss", ISSUER.into()), ("aud", "app".into()), ("exp", (NOW + 1).into())] {
        claims.insert(name.to_owned(), value);
    }
    // Whether these have their types is the verifier's matter.
    claims.retain(|name, _| !["sub", "jti", "iat", "nbf"].contains(&name.as_str()));
    for ((key, keys), typ) in OURS.iter().zip([Typ::AccessToken, Typ::LogoutToken]) {
        let Ok(token) = key.sign(typ, &claims) else { continue };
        let verified = verify(&token, keys, &expect(typ)).unwrap_or_else(|refused| panic!("{refused}: {token}"));
        assert_eq!(verified.into_typed::<Map<String, Value>>().as_ref(), Ok(&claims));
    }
}
