//! What a browser answers for a passkey: JSON around CBOR, COSE and a signature.

use std::sync::LazyLock;

use super::text;
use p256::ecdsa::{Signature, SigningKey, signature::Verifier as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use vestibule::{
    config::{PublicUrl, Site},
    features::passkeys::model::{self, read, read_new, relying_party},
};
use webauthn_rs::{
    Webauthn,
    prelude::{DiscoverableAuthentication, Passkey, PasskeyRegistration, RegisterPublicKeyCredential},
};

/// Where the passkey belongs, whose it is, and what was asked of it.
pub const ORIGIN: &str = "https://id.example.com";
/// The secret of its key: of no use to anybody.
pub const KEY: [u8; 32] = [7; 32];
/// Its name among authenticators.
pub const CREDENTIAL_ID: [u8; 16] = [9; 16];
/// Its owner.
pub const OWNER: [u8; 16] = [3; 16];
/// The challenge of both ceremonies.
pub const CHALLENGE: &str = "Y2hhbGxlbmdlY2hhbGxlbmdlY2hhbGxlbmdlY2hhbGw";

const USER_VERIFIED: u8 = 0x04;

struct Fixture {
    webauthn: Webauthn,
    asked: Value,
    to_make: PasskeyRegistration,
    passkey: Passkey,
}

/// Both ceremonies as they wait in the database, with the challenge that the corpus answers.
static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let public_url = PublicUrl::parse(ORIGIN).expect("a public URL");
    let site = Site { name: "Vestibule".into(), public_url, support_url: None };
    let webauthn = relying_party(&site).expect("a relying party");
    let (_, asked) = webauthn.start_discoverable_authentication().expect("a ceremony");
    let owner = uuid::Uuid::from_bytes(OWNER);
    let (_, to_make) = webauthn.start_passkey_registration(owner, "alice", "Alice", None).expect("a ceremony");
    let mut asked = serde_json::to_value(asked).expect("JSON");
    asked["ast"]["challenge"] = CHALLENGE.into();
    let mut to_make = serde_json::to_value(to_make).expect("JSON");
    to_make["rs"]["challenge"] = CHALLENGE.into();
    let to_make: PasskeyRegistration = serde_json::from_value(to_make).expect("the ceremony again");
    let made = include_bytes!("../corpus/passkey_new/honest");
    let made: RegisterPublicKeyCredential = serde_json::from_slice(made).expect("an answer");
    let passkey = webauthn.finish_passkey_registration(&made, &to_make).expect("the honest answer");
    Fixture { webauthn, asked, to_make, passkey }
});

/// What every answer that counts says of itself in the part that browsers write.
fn assert_ours(client_data: &[u8], kind: &str) {
    let client: Value = serde_json::from_slice(client_data).expect("JSON");
    assert_eq!(client["type"], kind);
    assert_eq!(client["challenge"], CHALLENGE);
    assert_ne!(client["crossOrigin"], true);
    let origin = client["origin"].as_str().and_then(|origin| url::Url::parse(origin).ok()).expect("an origin");
    assert_eq!(origin.origin().ascii_serialization(), ORIGIN);
}

fn assert_here(data: &[u8]) {
    assert_eq!(data[..32], Sha256::digest("id.example.com")[..], "another relying party");
    assert!(data[32] & USER_VERIFIED != 0, "nobody was asked for a finger or a code");
}

/// An answer counts only when the passkey's own key signed it, for this challenge and this origin, and its
/// owner was asked: by a second opinion on the signature.
pub fn passkey_answer(data: &[u8]) {
    let _ = passkey_answer_counts(data);
}

/// The same, telling whether it counted.
pub fn passkey_answer_counts(data: &[u8]) -> bool {
    let Some((answer, claimed)) = text(data).and_then(read) else { return false };
    assert_eq!(answer.type_, "public-key");
    let response = &answer.response;
    assert_eq!(claimed.is_some(), response.user_handle.as_ref().is_some_and(|handle| !handle.is_empty()));
    let kept: DiscoverableAuthentication = serde_json::from_value(FIXTURE.asked.clone()).expect("a ceremony");
    let judged = FIXTURE.webauthn.finish_discoverable_authentication_v2(&answer, kept, &FIXTURE.passkey);
    let Ok(judged) = judged else { return false };
    if !judged.user_verified() {
        return false;
    }
    assert_ours(&response.client_data_json, "webauthn.get");
    assert_here(&response.authenticator_data);
    let digest = Sha256::digest(&response.client_data_json);
    let signed = [&response.authenticator_data[..], &digest[..]].concat();
    let key = SigningKey::from_slice(&KEY).expect("a key");
    let signature = Signature::from_der(&response.signature).expect("a signature");
    assert!(key.verifying_key().verify(&signed, &signature).is_ok(), "a forged answer counted");
    true
}

/// A new passkey is made only of an answer to this challenge, made here and with its owner asked.
pub fn passkey_new(data: &[u8]) {
    let Some(answer) = text(data).and_then(read_new) else { return };
    let made = FIXTURE.webauthn.finish_passkey_registration(&answer, &FIXTURE.to_make);
    let Some(passkey) = made.ok().filter(|made| model::CREDENTIAL_ID.contains(&made.cred_id().len())) else { return };
    assert_ours(&answer.response.client_data_json, "webauthn.create");
    let object: &[u8] = &answer.response.attestation_object;
    let here = Sha256::digest("id.example.com");
    let at = object.windows(32).position(|window| *window == here[..]).expect("the data of this relying party");
    assert_here(&object[at..]);
    let again = serde_json::to_value(&passkey).and_then(serde_json::from_value::<Passkey>);
    assert_eq!(again.map(|again| again.cred_id().clone()).ok().as_ref(), Some(passkey.cred_id()));
}
