//! Signatures that are almost right.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
};
use vestibule_jose::{Algorithm, Refused};

use crate::forge::{FORGERS, Forger, b64, forger, unb64};

/// The order of P-256, big-endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// The order of Ed25519's base point, little-endian.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// What is signed, and the signature.
fn parts(token: &str) -> (String, Vec<u8>) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    (signed.to_owned(), unb64(signature))
}

fn refused(forger: &Forger, signed: &str, signature: &[u8]) -> bool {
    forger.verify(&format!("{signed}.{}", b64(signature))) == Err(Refused::Signature)
}

#[test]
fn every_bit_of_a_signature_counts() {
    for forger in FORGERS.iter() {
        let (signed, mut signature) = parts(&forger.honest());
        for bit in 0..signature.len() * 8 {
            signature[bit / 8] ^= 1 << (bit % 8);
            assert!(refused(forger, &signed, &signature), "{} bit {bit}", forger.algorithm);
            signature[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(!refused(forger, &signed, &signature));
    }
}

#[test]
fn every_bit_of_what_is_signed_counts() {
    for forger in FORGERS.iter() {
        let honest = forger.honest();
        let segments: Vec<_> = honest.split('.').collect();
        for segment in 0..2 {
            let mut bytes = unb64(segments[segment]);
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                let other = b64(&bytes);
                let mut changed = segments.clone();
                changed[segment] = &other;
                assert!(forger.verify(&changed.join(".")).is_err(), "{} {segment} {bit}", forger.algorithm);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}

#[test]
fn a_signature_has_one_length() {
    for forger in FORGERS.iter() {
        let (signed, signature) = parts(&forger.honest());
        for length in 0..signature.len() {
            assert!(refused(forger, &signed, &signature[..length]));
        }
        assert!(refused(forger, &signed, &[&signature[..], &[0]].concat()));
        assert!(refused(forger, &signed, &[&[0], &signature[..]].concat()));
        assert!(refused(forger, &signed, &[&signature[..], &signature[..]].concat()));
        assert!(refused(forger, &signed, &vec![0; signature.len()]));
        assert!(refused(forger, &signed, &vec![0xff; signature.len()]));
    }
}

#[test]
fn a_signature_of_another_key_or_another_text_is_refused() {
    for forger in FORGERS.iter() {
        let (signed, signature) = parts(&forger.honest());
        assert!(refused(forger, &signed, &forger.sign(b"another text")));
        assert!(refused(forger, &format!("{signed}AAAA"), &signature));
        for other in FORGERS.iter().filter(|other| other.algorithm != forger.algorithm) {
            assert!(refused(forger, &signed, &other.sign(signed.as_bytes())));
        }
    }
    for algorithm in [Algorithm::ES256, Algorithm::EdDSA] {
        let (signed, _) = parts(&forger(algorithm).honest());
        assert!(refused(forger(algorithm), &signed, &Forger::new(algorithm).sign(signed.as_bytes())));
    }
}

#[test]
fn es256_in_der_is_refused() {
    let forger = forger(Algorithm::ES256);
    let (signed, _) = parts(&forger.honest());
    let random = ring::rand::SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &forger.pkcs8, &random).unwrap();
    for _ in 0..50 {
        assert!(refused(forger, &signed, pair.sign(&random, signed.as_bytes()).unwrap().as_ref()));
    }
}

#[test]
fn es256_numbers_lie_between_zero_and_the_order() {
    let forger = forger(Algorithm::ES256);
    let (signed, signature) = parts(&forger.honest());
    let (r, s) = signature.split_at(32);
    let mut above = P256_ORDER;
    above[31] += 1;
    for bad in [&[0; 32], &P256_ORDER, &above, &[0xff; 32]] {
        assert!(refused(forger, &signed, &[bad, s].concat()));
        assert!(refused(forger, &signed, &[r, bad].concat()));
        assert!(refused(forger, &signed, &[&bad[..], &bad[..]].concat()));
    }
    assert!(refused(forger, &signed, &[s, r].concat()));
}

/// ECDSA allows it, as do all verifiers of JWS; the documentation of `Claims::id` says what follows.
#[test]
fn es256_has_a_second_signature_for_each() {
    let forger = forger(Algorithm::ES256);
    let (signed, mut signature) = parts(&forger.honest());
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i16::from(P256_ORDER[at]) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        signature[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    assert!(forger.verify(&format!("{signed}.{}", b64(signature))).is_ok());
}

#[test]
fn eddsa_numbers_lie_below_the_order() {
    let forger = forger(Algorithm::EdDSA);
    let (signed, mut signature) = parts(&forger.honest());
    let mut carry = 0;
    for (at, order) in ED25519_ORDER.iter().enumerate() {
        let sum = u16::from(signature[32 + at]) + u16::from(*order) + carry;
        carry = sum >> 8;
        signature[32 + at] = u8::try_from(sum & 0xff).unwrap();
    }
    assert!(refused(forger, &signed, &signature));
}

#[test]
fn rs256_has_its_padding_and_its_hash() {
    let forger = forger(Algorithm::RS256);
    let (signed, signature) = parts(&forger.honest());
    for encoding in [&RSA_PKCS1_SHA384 as &dyn ring::signature::RsaEncoding, &RSA_PKCS1_SHA512, &RSA_PSS_SHA256] {
        assert!(refused(forger, &signed, &forger.sign_rsa(encoding, signed.as_bytes())));
    }
    let mut one = vec![0; signature.len()];
    *one.last_mut().unwrap() = 1;
    assert!(refused(forger, &signed, &one));
}
