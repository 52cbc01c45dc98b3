//! The examples of the standards, which are signed with their keys and checked by ours.

#![allow(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use ring::{
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair},
};
use serde_json::Value;

use super::{
    Algorithm, InvalidKey, KeySet, PublicJwk, Refused, base64url,
    jws::{Opened, open},
    signing_key::{Pair, SigningKey},
};

const JOE: &[u8] = b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
const FRODO: &str = "It\u{2019}s a dangerous business, Frodo, going out your door. You step onto the road, and if you \
                     don't keep your feet, there\u{2019}s no knowing where you might be swept off to.";

fn vector(name: &str) -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../tests/vectors.json")).unwrap();
    vectors.get(name).unwrap().clone()
}

fn token(name: &str) -> String {
    vector(name)["token"].as_str().unwrap().to_owned()
}

/// The public key of an example, from what it shows of the private one.
fn public(name: &str) -> Result<PublicJwk, InvalidKey> {
    let mut key = vector(name)["key"].clone();
    key.as_object_mut().unwrap().retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
    PublicJwk::parse(&key.to_string())
}

fn opened(name: &str) -> Result<Opened, Refused> {
    open(&token(name), &KeySet::new(public(name)).unwrap(), &Algorithm::ALL)
}

fn part(name: &str, member: &str) -> Vec<u8> {
    base64url::decode(vector(name)["key"][member].as_str().unwrap()).unwrap()
}

fn rsa(name: &str) -> SigningKey {
    let part = |member| part(name, member);
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: part("n"), e: part("e") },
        d: part("d"),
        p: part("p"),
        q: part("q"),
        dP: part("dp"),
        dQ: part("dq"),
        qInv: part("qi"),
    };
    SigningKey::of(Pair::Rsa(Box::new(RsaKeyPair::from_components(&components).unwrap()))).unwrap()
}

/// Signs what an example signs; with RS256 and EdDSA there is one right answer.
fn signed_again(name: &str, key: &SigningKey) -> String {
    let token = token(name);
    let (signed, _) = token.rsplit_once('.').unwrap();
    format!("{signed}.{}", base64url::encode(key.signature(signed.as_bytes()).unwrap()))
}

#[test]
fn rfc_7515_a2_rs256() {
    assert_eq!(opened("rfc7515_a2").unwrap().payload, JOE);
    let key = rsa("rfc7515_a2");
    assert_eq!(Ok(key.public()), public("rfc7515_a2").as_ref());
    assert_eq!(signed_again("rfc7515_a2", &key), token("rfc7515_a2"));
}

#[test]
fn rfc_7515_a3_es256() {
    assert_eq!(opened("rfc7515_a3").unwrap().payload, JOE);
    let point = [vec![4], part("rfc7515_a3", "x"), part("rfc7515_a3", "y")].concat();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &part("rfc7515_a3", "d"),
        &point,
        &ring::rand::SystemRandom::new(),
    );
    let key = SigningKey::of(Pair::P256(Box::new(pair.unwrap()))).unwrap();
    let again = signed_again("rfc7515_a3", &key);
    assert_ne!(again, token("rfc7515_a3"));
    let keys = KeySet::new([key.public().clone()]).unwrap();
    assert_eq!(open(&again, &keys, &Algorithm::ALL).unwrap().payload, JOE);
}

#[test]
fn rfc_7515_a4_es512_and_a5_none_are_not_supported() {
    assert_eq!(public("rfc7515_a4"), Err(InvalidKey::Unsupported));
    for key in ["rfc7515_a2", "rfc7515_a3", "rfc8037_a"] {
        let keys = KeySet::new(public(key)).unwrap();
        for name in ["rfc7515_a4", "rfc7515_a5"] {
            assert_eq!(open(&token(name), &keys, &Algorithm::ALL).unwrap_err(), Refused::Algorithm, "{name}");
        }
    }
}

#[test]
fn rfc_7520_4_1_rs256() {
    assert_eq!(opened("rfc7520_4_1").unwrap().payload, FRODO.as_bytes());
    assert_eq!(public("rfc7520_4_1").unwrap().kid(), "bilbo.baggins@hobbiton.example");
    assert_eq!(signed_again("rfc7520_4_1", &rsa("rfc7520_4_1")), token("rfc7520_4_1"));
}

/// The first of its three signatures, whose `kid` is outside the compact form.
#[test]
fn rfc_7520_4_8_rs256_without_kid() {
    assert_eq!(opened("rfc7520_4_8").unwrap().payload, FRODO.as_bytes());
    assert_eq!(signed_again("rfc7520_4_8", &rsa("rfc7520_4_8")), token("rfc7520_4_8"));
}

#[test]
fn rfc_7638_3_1_thumbprint() {
    let key = public("rfc7638_3_1").unwrap();
    assert_eq!(key.thumbprint(), vector("rfc7638_3_1")["thumbprint"]);
    assert_eq!(key.kid(), "2011-04-29");
}

#[test]
fn rfc_8037_a1_to_a5_ed25519() {
    let pair = Ed25519KeyPair::from_seed_unchecked(&part("rfc8037_a", "d")).unwrap();
    let key = SigningKey::of(Pair::Ed25519(Box::new(pair))).unwrap();
    let public = public("rfc8037_a").unwrap();
    assert_eq!(key.public(), &public);
    assert_eq!(public.thumbprint(), vector("rfc8037_a")["thumbprint"]);
    assert_eq!(public.kid(), public.thumbprint());
    assert_eq!(signed_again("rfc8037_a", &key), token("rfc8037_a"));
    assert_eq!(opened("rfc8037_a").unwrap().payload, b"Example of Ed25519 signing");
}

#[test]
fn private_keys_of_the_examples_are_refused_as_public_ones() {
    for name in ["rfc7515_a2", "rfc7515_a3", "rfc7515_a4", "rfc7520_4_1", "rfc8037_a"] {
        assert_eq!(PublicJwk::parse(&vector(name)["key"].to_string()), Err(InvalidKey::Private), "{name}");
    }
}
