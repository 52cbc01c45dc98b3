//! Issuer, audience, dates and the other registered claims.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use vestibule_jose::{
    Algorithm, Audience, Expect, Hint, KeySet, PublicJwk, Refused, Typ, verify, verify_id_token_hint,
};

use crate::forge::{FORGERS, Forger, ISSUER, NOW, claims, expect, forger};

fn outcome(changes: Value) -> Result<(), Refused> {
    outcome_for(changes, &expect())
}

fn outcome_for(changes: Value, expect: &Expect<'_>) -> Result<(), Refused> {
    let forger = forger(Algorithm::EdDSA);
    verify(&forger.with_claims(changes), &forger.keys(), expect).map(|_| ())
}

/// Null in JSON, where `changes` would remove the claim.
fn with_null(name: &str) -> Result<(), Refused> {
    let forger = forger(Algorithm::EdDSA);
    let mut claims = claims();
    claims[name] = Value::Null;
    forger.verify(&forger.token(forger.header().to_string(), claims.to_string())).map(|_| ())
}

/// Claims as an app's own type.
#[derive(Debug, Deserialize)]
struct Mine {
    nonce: String,
    groups: Vec<String>,
}

#[test]
fn the_claims_of_a_token_are_shown() {
    for forger in FORGERS.iter() {
        let token = forger.with_claims(json!({ "jti": "one", "nonce": "n", "nbf": NOW, "groups": ["a", "b"] }));
        let claims = forger.verify(&token).unwrap();
        assert_eq!(claims.issuer(), Some(ISSUER));
        assert_eq!(claims.subject(), Some("alice"));
        assert_eq!(claims.audience(), ["app"]);
        assert_eq!(claims.id(), Some("one"));
        assert_eq!((claims.issued_at(), claims.expires_at()), (Some(NOW - 10), NOW + 600));
        assert_eq!(claims.text("nonce"), Some("n"));
        assert_eq!((claims.text("groups"), claims.text("none")), (None, None));
        assert_eq!(claims.get("groups"), Some(&json!(["a", "b"])));
        let mine: Mine = claims.clone().into_typed().unwrap();
        assert_eq!((mine.nonce.as_str(), mine.groups.len()), ("n", 2));
        assert_eq!(claims.into_typed::<Vec<u8>>(), Err(Refused::Malformed));
    }
}

#[test]
fn a42_the_issuer_is_compared_byte_by_byte() {
    for issuer in [
        "https://id.example/",
        "https://id.example/../",
        "https://id.example/../id.example",
        "https://ID.example",
        "http://id.example",
        "https://id.example:443",
        "https://id.example ",
        "https://id.example\0",
        "https://id.example.evil",
        "https://id.exampl",
    ] {
        assert_eq!(outcome(json!({ "iss": issuer })), Err(Refused::Issuer), "{issuer}");
    }
    assert_eq!(outcome(json!({ "iss": null })), Err(Refused::Issuer));
    for issuer in [json!(1), json!([ISSUER]), json!(""), json!({ "a": ISSUER })] {
        assert_eq!(outcome(json!({ "iss": issuer })), Err(Refused::Malformed));
    }
}

#[test]
fn a42_another_issuers_key_under_our_kid_signs_nothing_of_ours() {
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA] {
        let (ours, theirs) = (forger(algorithm), Forger::new(algorithm));
        let kid = ours.key.public().kid();
        let mut jwk = serde_json::to_value(theirs.key.public()).unwrap();
        jwk["kid"] = kid.into();
        let their_keys = KeySet::new([PublicJwk::parse(&jwk.to_string()).unwrap()]).unwrap();

        let forged = theirs.with_header(json!({ "kid": kid }));
        assert_eq!(ours.verify(&forged), Err(Refused::Signature));
        let expect_theirs = Expect { issuer: "https://other.example", ..expect() };
        assert_eq!(verify(&forged, &their_keys, &expect_theirs), Err(Refused::Issuer));
        assert_eq!(verify(&ours.honest(), &their_keys, &expect_theirs), Err(Refused::Signature));
    }
}

#[test]
fn a41_the_audience_must_be_named() {
    for audience in [json!("app"), json!(["app"]), json!(["other", "app"]), json!(["app", "app"])] {
        assert_eq!(outcome(json!({ "aud": audience })), Ok(()), "{audience}");
    }
    let others = [json!(null), json!("other"), json!([]), json!(["other"]), json!("App"), json!("app "), json!("ap")];
    for audience in others.into_iter().chain([json!("app,other"), json!("app other"), json!("*"), json!("")]) {
        assert_eq!(outcome(json!({ "aud": audience })), Err(Refused::Audience), "{audience}");
    }
    for audience in [json!(1), json!({ "app": 1 }), json!([["app"]]), json!(["app", 1]), json!([null]), json!(true)] {
        assert_eq!(outcome(json!({ "aud": audience })), Err(Refused::Malformed), "{audience}");
    }
    assert_eq!(with_null("aud"), Err(Refused::Malformed));
}

#[test]
fn a_sole_audience_has_no_company() {
    let sole = Expect { audience: Audience::Sole("app"), ..expect() };
    for audience in [json!("app"), json!(["app"])] {
        assert_eq!(outcome_for(json!({ "aud": audience }), &sole), Ok(()));
    }
    for audience in [json!(["app", "other"]), json!(["app", "app"]), json!([]), json!("other"), json!(null)] {
        assert_eq!(outcome_for(json!({ "aud": audience }), &sole), Err(Refused::Audience), "{audience}");
    }
}

#[test]
fn a_token_ends_at_exp_and_a_leeway() {
    let at = |exp, now, leeway| {
        let expect = Expect { now, leeway: Duration::from_secs(leeway), ..expect() };
        outcome_for(json!({ "exp": exp, "iat": null }), &expect)
    };
    for (exp, now, leeway, right) in [
        (1000, 999, 0, Ok(())),
        (1000, 1000, 0, Err(Refused::Expired)),
        (1000, 1001, 0, Err(Refused::Expired)),
        (1000, 1004, 5, Ok(())),
        (1000, 1005, 5, Err(Refused::Expired)),
        (0, 0, 0, Err(Refused::Expired)),
        (0, i64::MAX, 5, Err(Refused::Expired)),
        (0, i64::MAX, u64::MAX, Err(Refused::Expired)),
        (0, i64::MIN, 0, Ok(())),
    ] {
        assert_eq!(at(exp, now, leeway), right, "{exp} {now} {leeway}");
    }
}

#[test]
fn a_token_begins_at_nbf_and_iat_less_a_leeway() {
    for name in ["nbf", "iat"] {
        for (date, right) in [
            (NOW + 5, Ok(())),
            (NOW + 6, Err(Refused::NotYet)),
            (NOW + 599, Err(Refused::NotYet)),
            (NOW, Ok(())),
            (0, Ok(())),
        ] {
            assert_eq!(outcome(json!({ name: date })), right, "{name} {date}");
        }
        let far = Expect { now: i64::MAX - 1, leeway: Duration::MAX, ..expect() };
        assert_eq!(outcome_for(json!({ name: NOW }), &far), Ok(()));
    }
}

#[test]
fn dates_are_numbers_of_seconds() {
    assert_eq!(outcome(json!({ "exp": null })), Err(Refused::Malformed));
    for name in ["exp", "nbf", "iat"] {
        for date in [
            json!("1800000600"),
            json!(""),
            json!(true),
            json!([NOW]),
            json!({}),
            json!(-1),
            json!(-0.5),
            json!(NOW * 1000),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1e300),
            json!(-1e300),
        ] {
            assert_eq!(outcome(json!({ name: date })), Err(Refused::Malformed), "{name} {date}");
        }
        assert_eq!(with_null(name), Err(Refused::Malformed));
    }
    assert_eq!(outcome(json!({ "exp": 1_800_000_600.9, "nbf": 1_799_999_999.5, "iat": 1.8e9 })), Ok(()));
    assert_eq!(outcome(json!({ "exp": 1_799_999_995.9 })), Err(Refused::Expired));
}

#[test]
fn a_token_may_be_too_old() {
    let young = Expect { max_age: Some(Duration::from_mins(1)), ..expect() };
    for (iat, right) in [(NOW - 65, Ok(())), (NOW - 66, Err(Refused::TooOld)), (0, Err(Refused::TooOld))] {
        assert_eq!(outcome_for(json!({ "iat": iat }), &young), right);
        assert_eq!(outcome(json!({ "iat": iat })), Ok(()));
    }
    assert_eq!(outcome_for(json!({ "iat": null }), &young), Err(Refused::TooOld));
    assert_eq!(outcome(json!({ "iat": null })), Ok(()));
    let any = Expect { max_age: Some(Duration::MAX), ..expect() };
    assert_eq!(outcome_for(json!({ "iat": 0 }), &any), Ok(()));
}

#[test]
fn a72_a_subject_is_a_text() {
    for name in ["sub", "jti"] {
        for bad in [json!(0), json!(""), json!(false), json!(["alice"]), json!({ "a": 1 }), json!(1.5)] {
            assert_eq!(outcome(json!({ name: bad })), Err(Refused::Malformed), "{name} {bad}");
        }
        assert_eq!(with_null(name), Err(Refused::Malformed));
        assert_eq!(outcome(json!({ name: null })), Ok(()));
    }
}

#[test]
fn a_hint_may_have_expired_and_must_be_an_id_token_of_ours() {
    let forger = forger(Algorithm::ES256);
    let hint = Hint { algorithms: &Algorithm::ALL, issuer: ISSUER, now: NOW, leeway: Duration::from_secs(5) };
    let hinted = |token: &str| {
        let claims = verify_id_token_hint(token, &forger.keys(), &hint)?;
        Ok(claims.audience().to_vec())
    };
    assert_eq!(hinted(&forger.honest()), Ok(vec!["app".to_owned()]));
    assert_eq!(hinted(&forger.with_claims(json!({ "exp": 1, "iat": 0 }))), Ok(vec!["app".to_owned()]));
    assert_eq!(hinted(&forger.with_claims(json!({ "exp": null }))), Err(Refused::Malformed));
    assert_eq!(hinted(&forger.with_claims(json!({ "aud": null }))), Err(Refused::Audience));
    assert_eq!(hinted(&forger.with_claims(json!({ "aud": [] }))), Err(Refused::Audience));
    assert_eq!(hinted(&forger.with_claims(json!({ "iss": "https://evil.example" }))), Err(Refused::Issuer));
    assert_eq!(hinted(&forger.with_claims(json!({ "iat": NOW + 6 }))), Err(Refused::NotYet));
    assert_eq!(hinted(&Forger::new(Algorithm::ES256).with_header(json!({ "kid": null }))), Err(Refused::Signature));
    for typ in [Typ::AccessToken, Typ::LogoutToken] {
        assert_eq!(hinted(&forger.key.sign(typ, &claims()).unwrap()), Err(Refused::Typ));
    }
    let token = forger.with_header(json!({ "alg": "none" }));
    assert_eq!(hinted(&token), Err(Refused::Algorithm));
    let other = Hint { algorithms: &[Algorithm::RS256], ..hint };
    assert_eq!(verify_id_token_hint(&forger.honest(), &forger.keys(), &other), Err(Refused::Algorithm));
}
