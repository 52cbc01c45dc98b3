//! A software WebAuthn authenticator (level 3), honest or forging.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vestibule::types::random_bytes;

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// An authenticator with one key. A test changes the fields that it wants to forge.
#[derive(Clone)]
pub struct Authenticator {
    pub key: SigningKey,
    pub credential_id: Vec<u8>,
    /// The user handle, once it has created a passkey.
    pub user_handle: Option<Vec<u8>>,
    pub origin: String,
    pub rp_id: String,
    pub counter: u32,
    pub verified: bool,
    pub synced: bool,
    pub cross_origin: bool,
    /// The `topOrigin` of the client data, as from inside a frame.
    pub top_origin: Option<&'static str>,
    /// Appended to the authenticator data and signed with it.
    pub behind: Vec<u8>,
    /// The COSE algorithm number that the key declares.
    pub algorithm: i8,
    /// Replaces `webauthn.create` and `webauthn.get`.
    pub client_type: Option<&'static str>,
    /// Replaces the requested challenge.
    pub challenge: Option<String>,
}

impl Authenticator {
    /// An authenticator in a browser at this origin.
    pub fn at(origin: &str) -> Self {
        let host = origin.split("://").nth(1).unwrap_or_default().split(':').next().unwrap_or_default();
        let secret: [u8; 32] = random_bytes();
        Self {
            key: SigningKey::from_slice(&secret).expect("a key"),
            credential_id: random_bytes::<16>().to_vec(),
            user_handle: None,
            origin: origin.to_owned(),
            rp_id: host.to_owned(),
            counter: 1,
            verified: true,
            synced: false,
            cross_origin: false,
            top_origin: None,
            behind: Vec::new(),
            algorithm: -7,
            client_type: None,
            challenge: None,
        }
    }

    /// Returns what `navigator.credentials.create` returns for these options.
    pub fn create(&mut self, options: &Value) -> String {
        let handle = options["user"]["id"].as_str().expect("a user handle");
        self.user_handle = Some(URL_SAFE_NO_PAD.decode(handle).expect("base64url"));
        let mut data = self.data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential_id.len()).expect("short").to_be_bytes());
        data.extend(&self.credential_id);
        data.extend(self.cose_key());
        data.extend(&self.behind);
        // {"fmt": "none", "attStmt": {}, "authData": data} in CBOR.
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        object.extend(data);
        let client = self.client_data("webauthn.create", options);
        self.answer(&json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            "attestationObject": URL_SAFE_NO_PAD.encode(object),
        }))
    }

    /// Returns what `navigator.credentials.get` returns for these options.
    pub fn get(&mut self, options: &Value) -> String {
        self.counter += 1;
        let data = [self.data(0), self.behind.clone()].concat();
        let client = self.client_data("webauthn.get", options);
        let signed = [data.clone(), Sha256::digest(&client).to_vec()].concat();
        let signature: Signature = self.key.sign(&signed);
        let mut response = json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.to_der().as_bytes()),
        });
        if let Some(handle) = &self.user_handle {
            response["userHandle"] = URL_SAFE_NO_PAD.encode(handle).into();
        }
        self.answer(&response)
    }

    fn answer(&self, response: &Value) -> String {
        let id = URL_SAFE_NO_PAD.encode(&self.credential_id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string()
    }

    fn data(&self, more: u8) -> Vec<u8> {
        let mut flags = PRESENT | more;
        for (is, flag) in [(self.verified, VERIFIED), (self.synced, BACKUP_ELIGIBLE | BACKED_UP)] {
            flags |= if is { flag } else { 0 };
        }
        let mut data = Sha256::digest(&self.rp_id).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let asked = options["challenge"].as_str().expect("a challenge");
        let mut client = json!({
            "type": self.client_type.unwrap_or(kind),
            "challenge": self.challenge.as_deref().unwrap_or(asked),
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        });
        if let Some(top_origin) = self.top_origin {
            client["topOrigin"] = top_origin.into();
        }
        client.to_string().into_bytes()
    }

    /// A P-256 key (RFC 9053) in CBOR: {1: 2, 3: algorithm, -1: 1, -2: x, -3: y}.
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(32);
        let algorithm = u8::try_from(-1 - i16::from(self.algorithm)).expect("a small number");
        let negative = if algorithm < 24 { vec![0x20 + algorithm] } else { vec![0x38, algorithm] };
        [&[0xa5, 0x01, 0x02, 0x03], &negative[..], &[0x20, 0x01, 0x21, 0x58, 32], x, &[0x22, 0x58, 32], y].concat()
    }
}
