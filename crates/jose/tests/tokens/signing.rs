//! Keys of our own, and what they sign.

use std::collections::BTreeMap;

use rsa::pkcs8::EncodePrivateKey as _;
use serde::Serialize;
use serde_json::{Value, json};
use vestibule_jose::{Algorithm, SigningError, SigningKey, Typ};

use crate::forge::{FORGERS, Forger, claims, unb64};

#[test]
fn a_header_has_alg_kid_and_typ_and_nothing_else() {
    for forger in FORGERS.iter() {
        for typ in Typ::ALL {
            let token = forger.key.sign(typ, &claims()).unwrap();
            let segments: Vec<_> = token.split('.').map(unb64).collect();
            let header: Value = serde_json::from_slice(&segments[0]).unwrap();
            let kid = forger.key.public().kid();
            assert_eq!(header, json!({ "alg": forger.algorithm.name(), "kid": kid, "typ": typ.name() }));
            assert_eq!(serde_json::from_slice::<Value>(&segments[1]).unwrap(), claims());
            assert_eq!(segments[2].len(), if forger.algorithm == Algorithm::RS256 { 256 } else { 64 });
        }
    }
}

#[test]
fn what_is_signed_is_verified() {
    for forger in FORGERS.iter() {
        let mut all = claims();
        all["texts"] = json!(["", "é\u{1f511}\u{2028}\"\\\u{0}", "한국어", "</script>"]);
        all["numbers"] = json!([0, -1, i64::MIN, u64::MAX, 1.5, -0.0, 1e300, 5e-324]);
        all["nested"] = json!({ "": [[], {}, null, true, { "a": { "b": [1] } }] });
        let verified = forger.verify(&forger.key.sign(Typ::Jwt, &all).unwrap()).unwrap();
        for (name, value) in all.as_object().unwrap() {
            assert_eq!(verified.get(name), Some(value));
        }
    }
}

#[test]
fn what_a_verifier_would_refuse_is_not_signed() {
    #[derive(Serialize)]
    struct Flattened {
        sub: &'static str,
        #[serde(flatten)]
        custom: BTreeMap<&'static str, &'static str>,
    }
    for forger in FORGERS.iter() {
        let signed = |claims: &Value| forger.key.sign(Typ::Jwt, claims).map(|_| ());
        let custom = |name| forger.key.sign(Typ::Jwt, &Flattened { sub: "alice", custom: [(name, "root")].into() });
        assert!(custom("role").is_ok());
        assert_eq!(custom("sub").unwrap_err(), SigningError::InvalidClaims);
        for other in [json!(null), json!([claims()]), json!("text"), json!(1)] {
            assert_eq!(signed(&other), Err(SigningError::InvalidClaims));
        }
        let deep = (0..20).fold(json!(0), |inner, _| json!([inner]));
        assert_eq!(signed(&json!({ "x": deep })), Err(SigningError::InvalidClaims));
        assert_eq!(signed(&json!({ "x": "y".repeat(13_000) })), Err(SigningError::TooLong));
        assert_eq!(signed(&json!({})), Ok(()));
        let unserializable: BTreeMap<(u8, u8), u8> = [((1, 2), 3)].into();
        assert_eq!(forger.key.sign(Typ::Jwt, &unserializable).unwrap_err(), SigningError::InvalidClaims);
    }
}

#[test]
fn a_stored_key_is_the_same_key() {
    for forger in FORGERS.iter() {
        let again = SigningKey::from_pkcs8(forger.algorithm, &forger.pkcs8).unwrap();
        assert_eq!(again.public(), forger.key.public());
        assert!(forger.verify(&again.sign(Typ::Jwt, &claims()).unwrap()).is_ok());
        assert_ne!(Forger::new(Algorithm::EdDSA).key.public(), forger.key.public());
    }
}

#[test]
fn damaged_and_foreign_keys_are_refused() {
    for forger in FORGERS.iter() {
        let refused = |algorithm, pkcs8: &[u8]| {
            assert_eq!(SigningKey::from_pkcs8(algorithm, pkcs8).unwrap_err(), SigningError::InvalidKey);
        };
        for other in Algorithm::ALL.into_iter().filter(|other| *other != forger.algorithm) {
            refused(other, &forger.pkcs8);
        }
        for length in 0..forger.pkcs8.len() {
            refused(forger.algorithm, &forger.pkcs8[..length]);
        }
        refused(forger.algorithm, &[&forger.pkcs8[..], &[0]].concat());
        refused(forger.algorithm, &vec![0; 4096]);
    }
}

#[test]
fn short_rsa_keys_are_refused() {
    let random = &mut rsa::rand_core::UnwrapErr(getrandom::SysRng);
    for bits in [1024, 2040] {
        let key = rsa::RsaPrivateKey::new(random, bits).unwrap().to_pkcs8_der().unwrap();
        let refused = SigningKey::from_pkcs8(Algorithm::RS256, key.as_bytes());
        assert_eq!(refused.unwrap_err(), SigningError::InvalidKey, "{bits}");
    }
}

#[test]
fn a_key_is_not_shown() {
    for forger in FORGERS.iter() {
        let kid = forger.key.public().kid();
        let algorithm = forger.algorithm;
        assert_eq!(format!("{:?}", forger.key), format!("SigningKey {{ kid: {kid:?}, algorithm: {algorithm:?}, .. }}"));
    }
}
