//! Public keys and sets of them, as others publish them.

use serde_json::{Value, json};
use vestibule_jose::{Algorithm, InvalidKey, KeySet, MAX_KEY_SET, MAX_KEYS, MAX_KID, PublicJwk, Refused, verify};

use crate::forge::{FORGERS, Forger, b64, expect, forger, unb64};

fn jwk(algorithm: Algorithm) -> Value {
    serde_json::to_value(forger(algorithm).key.public()).unwrap()
}

fn parsed(algorithm: Algorithm, member: &str, value: impl Into<Value>) -> Result<PublicJwk, InvalidKey> {
    let mut jwk = jwk(algorithm);
    jwk[member] = value.into();
    PublicJwk::parse(&jwk.to_string())
}

fn set_of(keys: &[Value]) -> Result<KeySet, InvalidKey> {
    KeySet::parse(&json!({ "keys": keys }).to_string())
}

#[test]
fn a_set_is_published_and_read_again() {
    let keys = KeySet::new(FORGERS.iter().map(|forger| forger.key.public().clone())).unwrap();
    let published = serde_json::to_string(&keys).unwrap();
    assert_eq!(KeySet::parse(&published), Ok(keys.clone()));
    for forger in FORGERS.iter() {
        assert!(verify(&forger.honest(), &KeySet::parse(&published).unwrap(), &expect()).is_ok());
    }
    let published: Value = serde_json::from_str(&published).unwrap();
    let members = |key: &Value| key.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let published = published["keys"].as_array().unwrap();
    let shown: Vec<_> = published.iter().map(members).collect();
    assert_eq!(shown, ["alg e kid kty n use", "alg crv kid kty use x y", "alg crv kid kty use x"]);
    for (key, forger) in published.iter().zip(FORGERS.iter()) {
        assert_eq!(key["alg"], forger.algorithm.name());
        assert_eq!(key["use"], "sig");
        assert_eq!(key["kid"], forger.key.public().thumbprint());
        assert_eq!(unb64(key["kid"].as_str().unwrap()).len(), 32);
    }
    assert_eq!(published[0]["e"], "AQAB");
    assert_eq!(unb64(published[0]["n"].as_str().unwrap()).len(), 256);
}

#[test]
fn private_members_are_refused_alone_and_in_a_set() {
    for forger in FORGERS.iter() {
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
            for value in [json!("AQAB"), json!(null), json!([])] {
                assert_eq!(parsed(forger.algorithm, member, value), Err(InvalidKey::Private), "{member}");
            }
        }
    }
    let good = jwk(Algorithm::ES256);
    for bad in [
        json!({ "kty": "oct", "k": "AQAB", "use": "enc" }),
        json!({ "kty": "EC", "crv": "P-521", "d": "AQAB" }),
        json!({ "kty": "new", "d": 1 }),
    ] {
        assert_eq!(set_of(&[good.clone(), bad]), Err(InvalidKey::Private));
    }
}

#[test]
fn keys_for_other_things_are_skipped() {
    let mut others = vec![
        json!({ "kty": "new" }),
        json!({ "kty": "oct" }),
        json!({ "kty": "EC", "crv": "P-384", "x": "", "y": "" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AQAB" }),
        json!({ "kty": "OKP", "crv": "Ed448", "x": "AQAB" }),
    ];
    for (algorithm, changes) in [
        (Algorithm::RS256, vec![("alg", json!("PS256")), ("alg", json!("RSA-OAEP")), ("use", json!("enc"))]),
        (Algorithm::ES256, vec![("alg", json!("ECDH-ES")), ("key_ops", json!(["deriveKey"])), ("key_ops", json!([]))]),
        (Algorithm::EdDSA, vec![("alg", json!("ES256")), ("alg", json!("none")), ("use", json!(""))]),
    ] {
        for (member, value) in changes {
            assert_eq!(parsed(algorithm, member, value.clone()), Err(InvalidKey::Unsupported), "{member} {value}");
            let mut jwk = jwk(algorithm);
            jwk[member] = value;
            others.push(jwk);
        }
    }
    assert_eq!(set_of(&others), Ok(KeySet::default()));
    others.insert(3, jwk(Algorithm::ES256));
    assert_eq!(set_of(&others), Ok(forger(Algorithm::ES256).keys()));
}

#[test]
fn a_key_without_alg_use_and_kid_is_named_by_its_thumbprint() {
    for forger in FORGERS.iter() {
        let mut jwk = jwk(forger.algorithm);
        jwk.as_object_mut().unwrap().retain(|name, _| !["alg", "use", "kid"].contains(&name.as_str()));
        jwk["key_ops"] = json!(["verify"]);
        jwk["x5c"] = json!(["MIIB"]);
        jwk["x5t"] = json!("dGVzdA");
        assert_eq!(PublicJwk::parse(&jwk.to_string()).as_ref(), Ok(forger.key.public()));
    }
}

#[test]
fn members_have_their_types() {
    for forger in FORGERS.iter() {
        for member in ["kty", "alg", "use", "kid", "key_ops"] {
            for value in [json!(1), json!({}), json!(null), json!(true)] {
                assert_eq!(parsed(forger.algorithm, member, value), Err(InvalidKey::Malformed), "{member}");
            }
        }
        for kid in [String::new(), "k".repeat(MAX_KID + 1)] {
            assert_eq!(parsed(forger.algorithm, "kid", kid), Err(InvalidKey::Malformed));
        }
        assert!(parsed(forger.algorithm, "kid", "k".repeat(MAX_KID)).is_ok());
        let jwk = jwk(forger.algorithm);
        for member in ["kty", "crv", "n", "e", "x", "y"].into_iter().filter(|member| jwk.get(member).is_some()) {
            let mut less = jwk.clone();
            less.as_object_mut().unwrap().remove(member);
            assert_eq!(PublicJwk::parse(&less.to_string()), Err(InvalidKey::Malformed), "{member}");
        }
        let jwk = jwk.to_string();
        for text in ["", "[]", "null", "{}", &format!("[{jwk}]"), &format!("{jwk}{jwk}"), &jwk[..jwk.len() - 1]] {
            assert_eq!(PublicJwk::parse(text), Err(InvalidKey::Malformed), "{text}");
        }
        let twice = jwk.replacen('{', r#"{"kid":"a","#, 1);
        assert_eq!(PublicJwk::parse(&twice), Err(InvalidKey::Malformed));
    }
}

#[test]
fn rsa_keys_have_2048_to_4096_bits() {
    let sized = |bits: usize| {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] = u8::try_from((1_u16 << ((bits - 1) % 8 + 1)) - 1).unwrap();
        parsed(Algorithm::RS256, "n", b64(n)).map(|_| ())
    };
    for bits in [2048, 2049, 3072, 4095, 4096] {
        assert_eq!(sized(bits), Ok(()), "{bits}");
    }
    for bits in [1, 8, 512, 1024, 2047, 4097, 8192, 16_384] {
        assert_eq!(sized(bits), Err(InvalidKey::Size), "{bits}");
    }
}

#[test]
fn rsa_numbers_are_odd_and_minimal() {
    let n = unb64(jwk(Algorithm::RS256)["n"].as_str().unwrap());
    let mut even = n.clone();
    *even.last_mut().unwrap() ^= 1;
    for bad in [Vec::new(), vec![0], [&[0], &n[..]].concat(), even] {
        assert_eq!(parsed(Algorithm::RS256, "n", b64(bad)), Err(InvalidKey::Malformed));
    }
    for bad in
        [&[][..], &[0], &[1], &[2], &[4], &[0, 1, 0, 1], &[1, 0, 0], &[2, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 0, 0, 0, 1]]
    {
        assert_eq!(parsed(Algorithm::RS256, "e", b64(bad)), Err(InvalidKey::Malformed), "{bad:?}");
    }
    for good in [&[3][..], &[17], &[1, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]] {
        assert!(parsed(Algorithm::RS256, "e", b64(good)).is_ok());
    }
    for spelling in ["AQAB=", "AQ AB", "AQA", "AQAB\n", "65537"] {
        assert_eq!(parsed(Algorithm::RS256, "e", spelling), Err(InvalidKey::Malformed), "{spelling}");
    }
}

#[test]
fn points_have_32_bytes_a_coordinate() {
    for (algorithm, members) in [(Algorithm::ES256, &["x", "y"][..]), (Algorithm::EdDSA, &["x"])] {
        for member in members {
            for length in [0, 1, 31, 33, 64] {
                let bad = parsed(algorithm, member, b64(vec![1; length]));
                assert_eq!(bad, Err(InvalidKey::Malformed), "{member} {length}");
            }
        }
    }
}

#[test]
fn points_beside_their_curve_verify_nothing() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA] {
        let forger = forger(algorithm);
        let kid = forger.key.public().kid().to_owned();
        let x = unb64(jwk(algorithm)["x"].as_str().unwrap());
        for bit in 0..256 {
            let mut other = x.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            let keys = KeySet::new([parsed(algorithm, "x", b64(other)).unwrap()]).unwrap();
            assert_eq!(keys.keys()[0].kid(), kid);
            assert_eq!(verify(&forger.honest(), &keys, &expect()), Err(Refused::Signature), "{bit}");
        }
    }
    for (x, y) in [([0; 32], [0; 32]), ([0xff; 32], [0xff; 32]), ([0; 32], [1; 32])] {
        let mut jwk = jwk(Algorithm::ES256);
        (jwk["x"], jwk["y"]) = (b64(x).into(), b64(y).into());
        let keys = KeySet::new([PublicJwk::parse(&jwk.to_string()).unwrap()]).unwrap();
        let token = forger(Algorithm::ES256).honest();
        assert_eq!(verify(&token, &keys, &expect()), Err(Refused::Signature));
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert_eq!(verify(&format!("{signed}.{}", b64([0; 64])), &keys, &expect()), Err(Refused::Signature));
    }
}

#[test]
fn no_two_keys_of_a_set_have_one_name() {
    let (first, second) = (jwk(Algorithm::ES256), Forger::new(Algorithm::ES256));
    let mut second = serde_json::to_value(second.key.public()).unwrap();
    assert!(set_of(&[first.clone(), second.clone()]).is_ok());
    second["kid"] = first["kid"].clone();
    assert_eq!(set_of(&[first.clone(), second]), Err(InvalidKey::DuplicateKid));
    assert_eq!(set_of(&[first.clone(), first.clone()]), Err(InvalidKey::DuplicateKid));
    let public = forger(Algorithm::ES256).key.public();
    assert_eq!(KeySet::new([public.clone(), public.clone()]), Err(InvalidKey::DuplicateKid));
    // Of two algorithms they may: each is looked for with its own.
    let mut other = jwk(Algorithm::EdDSA);
    other["kid"] = first["kid"].clone();
    assert_eq!(set_of(&[first, other]).unwrap().keys().len(), 2);
}

#[test]
fn a_set_has_a_form_and_limits() {
    let key = jwk(Algorithm::EdDSA);
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":null}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#] {
        assert_eq!(KeySet::parse(text), Err(InvalidKey::Malformed), "{text}");
    }
    assert_eq!(KeySet::parse(&format!(r#"{{"keys":[{key},"x"]}}"#)), Err(InvalidKey::Malformed));
    assert_eq!(KeySet::parse(&format!(r#"{{"keys":[{}"#, "[".repeat(50_000))), Err(InvalidKey::Malformed));
    assert_eq!(KeySet::parse(r#"{"keys":[],"extra":1}"#), Ok(KeySet::default()));

    let named = |at: usize| {
        let mut key = key.clone();
        key["kid"] = at.to_string().into();
        key
    };
    let keys: Vec<_> = (0..MAX_KEYS).map(named).collect();
    assert_eq!(set_of(&keys).unwrap().keys().len(), MAX_KEYS);
    let more: Vec<_> = (0..=MAX_KEYS).map(named).collect();
    assert_eq!(set_of(&more), Err(InvalidKey::TooLarge));
    let skipped = vec![json!({ "kty": "new" }); MAX_KEYS + 1];
    assert_eq!(set_of(&skipped), Err(InvalidKey::TooLarge));
    let more = more.iter().map(|key| PublicJwk::parse(&key.to_string()).unwrap());
    assert_eq!(KeySet::new(more), Err(InvalidKey::TooLarge));
    assert_eq!(KeySet::parse(&" ".repeat(MAX_KEY_SET + 1)), Err(InvalidKey::TooLarge));
    assert_eq!(PublicJwk::parse(&" ".repeat(MAX_KEY_SET + 1)), Err(InvalidKey::TooLarge));
}
