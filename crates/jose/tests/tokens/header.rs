//! What a header says, and what it may not say.

use ring::hmac;
use serde_json::{Value, json};
use vestibule_jose::{Algorithm, Expect, KeySet, Refused, SigningKey, Typ, verify};

use crate::forge::{FORGERS, Forger, b64, claims, expect, forger};

#[test]
fn a41_a_public_key_is_no_shared_secret() {
    for forger in FORGERS.iter() {
        let public = serde_json::to_value(forger.key.public()).unwrap();
        let pem = "-----BEGIN PUBLIC KEY-----\n";
        let mut secrets = vec![Vec::new(), public.to_string().into_bytes(), pem.as_bytes().to_vec()];
        secrets.push(serde_json::to_vec(&forger.keys()).unwrap());
        for member in ["n", "e", "x", "y", "kid"] {
            if let Some(text) = public[member].as_str() {
                secrets.push(text.as_bytes().to_vec());
                secrets.push(crate::forge::unb64(text));
            }
        }
        for (alg, hash) in [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)] {
            for secret in &secrets {
                for said in [alg, forger.algorithm.name()] {
                    let mut header = forger.header();
                    header["alg"] = said.into();
                    let signed = format!("{}.{}", b64(header.to_string()), b64(claims().to_string()));
                    let tag = hmac::sign(&hmac::Key::new(hash, secret), signed.as_bytes());
                    let outcome = forger.verify(&format!("{signed}.{}", b64(tag)));
                    let wanted = if said == alg { Refused::Algorithm } else { Refused::Signature };
                    assert_eq!(outcome, Err(wanted));
                }
            }
        }
    }
}

#[test]
fn a41_none_is_no_algorithm_in_any_spelling() {
    let mut spellings: Vec<String> = (0..16)
        .map(|upper| {
            let letter = |(at, c): (usize, char)| if upper >> at & 1 == 1 { c.to_ascii_uppercase() } else { c };
            "none".chars().enumerate().map(letter).collect()
        })
        .collect();
    spellings.extend(["", " none", "none ", "none\0", "nоne", "ｎｏｎｅ", "null", "undefined"].map(str::to_owned));
    for forger in FORGERS.iter() {
        for alg in &spellings {
            let mut header = forger.header();
            header["alg"] = alg.as_str().into();
            let token = forger.token(header.to_string(), claims().to_string());
            let (signed, _) = token.rsplit_once('.').unwrap();
            for token in [&token, &format!("{signed}."), &format!("{signed}.AA")] {
                assert_eq!(forger.verify(token), Err(Refused::Algorithm), "{alg:?}");
            }
        }
    }
}

#[test]
fn other_algorithms_and_other_spellings_are_refused() {
    let unknown = [
        "HS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256K", "ES384", "ES512", "Ed25519", "Ed448", "EDDSA",
        "rs256", "es256", "eddsa", "Es256", "RS256 ", " ES256", "RSA", "RSA-OAEP", "dir", "A128KW", "SHA256",
        "HS256\0",
    ];
    for forger in FORGERS.iter() {
        for alg in unknown {
            assert_eq!(forger.verify(&forger.with_header(json!({ "alg": alg }))), Err(Refused::Algorithm), "{alg}");
        }
        let own = forger.algorithm.name();
        for alg in [json!(1), json!([own]), json!({ "alg": own }), json!(true)] {
            assert_eq!(forger.verify(&forger.with_header(json!({ "alg": alg }))), Err(Refused::Malformed));
        }
        assert_eq!(forger.verify(&forger.with_header(json!({ "alg": null }))), Err(Refused::Malformed));
        let null = forger.header().to_string().replace(&format!("\"{own}\""), "null");
        assert_eq!(forger.verify(&forger.token(null, claims().to_string())), Err(Refused::Malformed));
    }
}

#[test]
fn a_key_works_with_its_own_algorithm_only() {
    let keys = KeySet::new(FORGERS.iter().map(|forger| forger.key.public().clone())).unwrap();
    for signer in FORGERS.iter() {
        assert!(verify(&signer.honest(), &keys, &expect()).is_ok());
        for said in Algorithm::ALL.into_iter().filter(|said| *said != signer.algorithm) {
            let token = signer.with_header(json!({ "alg": said }));
            assert_eq!(verify(&token, &keys, &expect()), Err(Refused::UnknownKey));
            let kid = forger(said).key.public().kid();
            let token = signer.with_header(json!({ "alg": said, "kid": kid }));
            assert_eq!(verify(&token, &keys, &expect()), Err(Refused::Signature));
        }
    }
}

#[test]
fn only_the_expected_algorithms_are_accepted() {
    for forger in FORGERS.iter() {
        let accepts = |algorithms: &[Algorithm]| {
            verify(&forger.honest(), &forger.keys(), &Expect { algorithms, ..expect() }).map(|_| ())
        };
        assert_eq!(accepts(&[]), Err(Refused::Algorithm));
        assert_eq!(accepts(&[forger.algorithm]), Ok(()));
        let others: Vec<_> = Algorithm::ALL.into_iter().filter(|other| *other != forger.algorithm).collect();
        assert_eq!(accepts(&others), Err(Refused::Algorithm));
    }
}

#[test]
fn extensions_are_refused() {
    for forger in FORGERS.iter() {
        for header in [
            json!({ "crit": [] }),
            json!({ "crit": ["exp"], "exp": 1 }),
            json!({ "crit": ["alg"] }),
            json!({ "crit": "b64" }),
            json!({ "crit": ["b64"], "b64": false }),
            json!({ "b64": true }),
            json!({ "b64": false }),
        ] {
            assert_eq!(forger.verify(&forger.with_header(header)), Err(Refused::Extension));
        }
        let null = forger.header().to_string().replace('{', r#"{"crit":null,"#);
        assert_eq!(forger.verify(&forger.token(null, claims().to_string())), Err(Refused::Extension));
    }
}

#[test]
fn a42_no_key_and_no_address_is_taken_from_a_token() {
    for forger in FORGERS.iter() {
        let attacker = if forger.algorithm == Algorithm::RS256 { forger } else { &Forger::new(forger.algorithm) };
        for (name, value) in [
            ("jwk", serde_json::to_value(attacker.key.public()).unwrap()),
            ("jku", "https://evil.example/jwks".into()),
            ("jku", "https://id.example/oauth/jwks".into()),
            ("x5u", "https://evil.example/cert".into()),
            ("x5c", json!(["MIIB"])),
            ("jwk", json!(1)),
        ] {
            let header = json!({ name: value, "kid": forger.key.public().kid() });
            assert_eq!(forger.verify(&attacker.with_header(header)), Err(Refused::BringsKey), "{name}");
        }
    }
}

#[test]
fn other_parameters_are_ignored() {
    for forger in FORGERS.iter() {
        let header =
            json!({ "x5t": "dGVzdA", "x5t#S256": "dGVzdA", "cty": "JWT", "nonce": "n", "é": [1, { "a": null }] });
        assert!(forger.verify(&forger.with_header(header)).is_ok());
    }
}

#[test]
fn a_key_is_found_by_its_whole_name() {
    for forger in FORGERS.iter() {
        let kid = forger.key.public().kid();
        let (before, after) = (&kid[1..], &kid[..kid.len() - 1]);
        for other in ["", " ", "*", "..", "../../dev/null", "' or 1=1--", "\0", before, after, &format!("{kid} ")] {
            let token = forger.with_header(json!({ "kid": other }));
            assert_eq!(forger.verify(&token), Err(Refused::UnknownKey), "{other:?}");
        }
        for other in [json!(1), json!([kid]), json!({ "kid": kid }), json!(false)] {
            assert_eq!(forger.verify(&forger.with_header(json!({ "kid": other }))), Err(Refused::Malformed));
        }
        assert_eq!(verify(&forger.honest(), &KeySet::default(), &expect()), Err(Refused::UnknownKey));
    }
}

#[test]
fn a_token_without_kid_needs_an_issuer_with_one_key() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA] {
        let forger = forger(algorithm);
        let token = forger.with_header(json!({ "kid": null }));
        assert!(forger.verify(&token).is_ok());
        let public = |key: &SigningKey| key.public().clone();
        let other = Forger::new(algorithm);
        let two = KeySet::new([public(&forger.key), public(&other.key)]).unwrap();
        assert_eq!(verify(&token, &two, &expect()), Err(Refused::UnknownKey));
        let mixed = KeySet::new(FORGERS.iter().map(|forger| public(&forger.key))).unwrap();
        assert!(verify(&token, &mixed, &expect()).is_ok());
        assert_eq!(verify(&token, &other.keys(), &expect()), Err(Refused::Signature));
    }
}

#[test]
fn a29_no_kind_of_token_passes_for_another() {
    for forger in FORGERS.iter() {
        for signed in Typ::ALL {
            let token = forger.key.sign(signed, &claims()).unwrap();
            for typ in Typ::ALL {
                let outcome = verify(&token, &forger.keys(), &Expect { typ, ..expect() }).map(|_| ());
                assert_eq!(outcome, if signed == typ { Ok(()) } else { Err(Refused::Typ) }, "{signed} as {typ}");
            }
        }
    }
}

#[test]
fn typ_is_a_media_type() {
    let forger = forger(Algorithm::EdDSA);
    let outcome = |said: Value, typ| {
        let token = forger.with_header(json!({ "typ": said }));
        verify(&token, &forger.keys(), &Expect { typ, ..expect() }).map(|_| ())
    };
    for (typ, spellings) in [
        (Typ::Jwt, ["JWT", "jwt", "application/jwt", "Application/JWT"]),
        (Typ::AccessToken, ["at+jwt", "AT+JWT", "application/at+jwt", "APPLICATION/at+JWT"]),
        (Typ::LogoutToken, ["logout+jwt", "Logout+jwt", "application/logout+jwt", "application/LOGOUT+jwt"]),
    ] {
        for said in spellings {
            for wanted in Typ::ALL {
                let right = if wanted == typ { Ok(()) } else { Err(Refused::Typ) };
                assert_eq!(outcome(said.into(), wanted), right, "{said} as {wanted}");
            }
        }
        for said in ["", "JWS", "JOSE", "dpop+jwt", "application/", "application/application/jwt", "text/jwt", "JWT "] {
            assert_eq!(outcome(said.into(), typ), Err(Refused::Typ), "{said}");
        }
        for said in [json!(1), json!([typ.name()]), json!(false)] {
            assert_eq!(outcome(said, typ), Err(Refused::Malformed));
        }
    }
    assert_eq!(outcome(Value::Null, Typ::Jwt), Ok(()));
    assert_eq!(outcome(Value::Null, Typ::AccessToken), Err(Refused::Typ));
    assert_eq!(outcome(Value::Null, Typ::LogoutToken), Err(Refused::Typ));
}
