//! The cryptography of the chain: pure, so that linker and verification agree.
//!
//! - `origin digest = HMAC(key, seq, address, user agent)`, `None` without an origin;
//! - `digest = HMAC(key, every other column of the event, origin digest)`;
//! - `hash = HMAC(key, previous hash, position, digest)`.
//!
//! So an event can be verified after its address was erased, and a changed event differs from a moved one. Every field
//! is hashed with its length, so encodings are unambiguous.

use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

use crate::config::Secrets;

/// A digest or hash of the chain.
pub(super) type Digest = [u8; 32];
/// The version of the digest's input, stored with every link.
pub(super) const DIGEST_VERSION: i16 = 1;
/// The hash before the first link.
pub(super) const BEGINNING: Digest = [0; 32];

/// The keys of the chain, newest first: the newest creates links, all verify them.
#[derive(Clone, derive_more::Debug)]
#[debug("ChainKeys(..)")]
pub struct ChainKeys(Vec<ChainKey>);

/// One key, and the ID that its links carry.
#[derive(Clone)]
pub(super) struct ChainKey {
    pub id: [u8; 4],
    secret: [u8; 32],
}

impl ChainKeys {
    /// Derives the keys from the configured secrets.
    pub fn derive(secrets: &Secrets) -> Self {
        Self(secrets.derive("audit").into_iter().map(ChainKey::new).collect())
    }

    /// The key for new links; `None` only without secrets, which cannot happen.
    pub(super) fn newest(&self) -> Option<&ChainKey> {
        self.0.first()
    }

    pub(super) fn find(&self, id: &[u8]) -> Option<&ChainKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The IDs of all configured keys.
    pub(super) fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.0.iter().map(|key| KeyId(key.id))
    }
}

/// The ID of a key, which every link carries: eight hexadecimal digits.
#[derive(Clone, Copy, Debug, derive_more::Display, Eq, Ord, PartialEq, PartialOrd)]
#[display("{}", HEXLOWER.encode(_0))]
pub struct KeyId(pub(super) [u8; 4]);

/// The error for a malformed key ID.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the ID of a key is eight hexadecimal digits")]
pub struct KeyIdError;

impl KeyId {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map_err(|_| KeyIdError)?;
        Self::of(&bytes).ok_or(KeyIdError)
    }
}

/// An event as stored.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub seq: i64,
    /// Microseconds since 1970; `None` for a time outside of the years 1 to 9999.
    pub micros: Option<i64>,
    pub kind: String,
    pub version: i16,
    /// JSON.
    pub detail: String,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub account_exists: bool,
    /// Older than the retention period.
    pub expired: bool,
    /// Older by a day more, so that pruning is worthwhile.
    pub overdue: bool,
}

impl ChainKey {
    fn new(secret: [u8; 32]) -> Self {
        let [a, b, c, d, ..] = Sealing::begin(&secret, "key id").end();
        Self { id: [a, b, c, d], secret }
    }

    /// The digest of an event's origin; `None` without one.
    pub fn origin_digest(&self, event: &Stored) -> Option<Digest> {
        if event.address.is_none() && event.user_agent.is_none() {
            return None;
        }
        let mut sealing = Sealing::begin(&self.secret, "origin");
        sealing.field(&event.seq.to_be_bytes());
        sealing.optional(event.address.as_deref().map(str::as_bytes));
        sealing.optional(event.user_agent.as_deref().map(str::as_bytes));
        Some(sealing.end())
    }

    /// The digest of an event's content.
    pub fn digest(&self, event: &Stored, origin_digest: Option<&Digest>) -> Digest {
        let mut sealing = Sealing::begin(&self.secret, "event");
        sealing.field(&DIGEST_VERSION.to_be_bytes());
        sealing.field(&event.seq.to_be_bytes());
        sealing.optional(event.micros.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
        sealing.field(event.kind.as_bytes());
        sealing.field(&event.version.to_be_bytes());
        sealing.field(canonical(&event.detail).as_bytes());
        sealing.field(event.actor_kind.as_bytes());
        sealing.optional(event.actor_id.as_ref().map(|id| id.as_bytes().as_slice()));
        sealing.optional(event.user_id.as_ref().map(|id| id.as_bytes().as_slice()));
        sealing.optional(event.session_id.as_ref().map(|id| id.as_bytes().as_slice()));
        sealing.optional(origin_digest.map(Digest::as_slice));
        sealing.end()
    }

    /// The hash of an event at its position.
    pub fn hash(&self, previous: &Digest, position: i64, digest: &Digest) -> Digest {
        let mut sealing = Sealing::begin(&self.secret, "link");
        sealing.field(previous);
        sealing.field(&position.to_be_bytes());
        sealing.field(digest);
        sealing.end()
    }
}

/// HMAC-SHA-256 over length-prefixed fields.
struct Sealing(Hmac<Sha256>);

impl Sealing {
    fn begin(key: &[u8; 32], purpose: &str) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut sealing = Self(Hmac::new_from_slice(key).expect("HMAC takes every key"));
        sealing.field(purpose.as_bytes());
        sealing
    }

    fn field(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn optional(&mut self, bytes: Option<&[u8]>) {
        self.0.update(&[u8::from(bytes.is_some())]);
        if let Some(bytes) = bytes {
            self.field(bytes);
        }
    }

    fn end(self) -> Digest {
        self.0.finalize().into_bytes().into()
    }
}

/// Serialises JSON with sorted keys, because neither the database nor libraries preserve their order. Invalid JSON is
/// returned unchanged; our events never are.
fn canonical(json: &str) -> String {
    fn write(value: &Value, out: &mut String) {
        match value {
            Value::Object(fields) => {
                let mut sorted: Vec<_> = fields.iter().collect();
                sorted.sort_unstable_by_key(|(name, _)| name.as_str());
                out.push('{');
                for (name, value) in sorted {
                    out.push_str(&Value::from(name.as_str()).to_string());
                    out.push(':');
                    write(value, out);
                    out.push(',');
                }
                out.push('}');
            }
            Value::Array(values) => {
                out.push('[');
                for value in values {
                    write(value, out);
                    out.push(',');
                }
                out.push(']');
            }
            plain => out.push_str(&plain.to_string()),
        }
    }
    let Ok(value) = serde_json::from_str::<Value>(json) else { return json.to_owned() };
    let mut out = String::with_capacity(json.len());
    write(&value, &mut out);
    out
}

/// The head of the chain, to be recorded where an attacker with database access cannot change it.
#[derive(Clone, Copy, Debug, derive_more::Display, Eq, PartialEq)]
#[display("{position}:{}", HEXLOWER.encode(hash))]
pub struct Head {
    /// The number of events ever linked.
    pub position: i64,
    /// The hash of the last link, which covers all before it.
    pub hash: [u8; 32],
}

/// The error for a malformed head.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a head is a position, a colon and 64 hexadecimal digits")]
pub struct HeadError;

impl FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Self, HeadError> {
        let (position, hash) = text.trim().split_once(':').ok_or(HeadError)?;
        let position = position.parse().ok().filter(|position| *position > 0).ok_or(HeadError)?;
        Ok(Self { position, hash: unhex(hash).ok_or(HeadError)? })
    }
}

/// Decodes 64 hexadecimal digits.
pub(super) fn unhex(text: &str) -> Option<Digest> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Stored {
        /// An event of a time, in microseconds since 1970.
        pub(in crate::audit) fn at(seq: i64, micros: i64) -> Self {
            Self { seq, micros: Some(micros), ..event() }
        }
    }

    fn event() -> Stored {
        Stored {
            seq: 7,
            micros: Some(1_795_404_268_123_456),
            kind: "signed_in".into(),
            version: 1,
            detail: r#"{"amr": ["pwd"], "a": {"y": 1, "x": null}}"#.into(),
            actor_kind: "administrator".into(),
            actor_id: Some(Uuid::from_u128(2)),
            user_id: Some(Uuid::from_u128(1)),
            session_id: None,
            address: Some("192.0.2.1/32".into()),
            user_agent: Some("curl".into()),
            account_exists: true,
            expired: false,
            overdue: false,
        }
    }

    fn key(byte: u8) -> ChainKey {
        ChainKey::new([byte; 32])
    }

    fn sealed(key: &ChainKey, event: &Stored) -> Digest {
        key.digest(event, key.origin_digest(event).as_ref())
    }

    #[test]
    fn every_column_of_an_event_and_the_key_move_its_digest() {
        let same = sealed(&key(1), &event());
        assert_eq!(sealed(&key(1), &event()), same);
        let changes: [fn(&mut Stored); 13] = [
            |event| event.seq = 8,
            |event| event.micros = event.micros.map(|micros| micros + 1),
            |event| event.micros = None,
            |event| event.kind = "signed_out".into(),
            |event| event.version = 2,
            |event| event.detail = r#"{"amr": ["otp"], "a": {"y": 1, "x": null}}"#.into(),
            |event| event.actor_kind = "system".into(),
            |event| event.actor_id = None,
            |event| event.user_id = None,
            |event| event.session_id = event.user_id,
            |event| (event.session_id, event.user_id) = (event.user_id, None),
            |event| event.address = Some("192.0.2.1/24".into()),
            |event| event.user_agent = None,
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut other = event();
            change(&mut other);
            assert_ne!(sealed(&key(1), &other), same, "change {n}");
        }
        assert_ne!(sealed(&key(2), &event()), same);
        assert_ne!(key(2).id, key(1).id);
    }

    #[test]
    fn an_event_without_its_origin_is_still_proven_by_the_digest_that_stays() {
        let (key, mut event) = (key(1), event());
        let origin = key.origin_digest(&event);
        let digest = key.digest(&event, origin.as_ref());
        (event.address, event.user_agent) = (None, None);
        assert_eq!(key.origin_digest(&event), None);
        assert_eq!(key.digest(&event, origin.as_ref()), digest);
        assert_ne!(key.digest(&event, None), digest);
    }

    #[test]
    fn the_order_of_keys_means_nothing_and_the_order_of_values_does() {
        assert_eq!(canonical(r#"{"b":1,"a":[1,2]}"#), canonical(r#"{ "a": [1, 2], "b": 1 }"#));
        assert_ne!(canonical(r#"{"a":[1,2]}"#), canonical(r#"{"a":[2,1]}"#));
        assert_ne!(canonical(r#"{"a":{"b":1}}"#), canonical(r#"{"a":"{\"b\":1}"}"#));
        assert_ne!(canonical(r#"{"a":1}"#), canonical(r#"{"a":"1"}"#));
        assert_eq!(canonical("1e999"), "1e999");
    }

    #[test]
    fn a_head_survives_the_round_trip_and_nothing_else_is_one() {
        let head = Head { position: 12_345, hash: key(3).hash(&BEGINNING, 1, &BEGINNING) };
        assert_eq!(head.to_string().parse::<Head>().ok(), Some(head));
        for wrong in
            ["", "1", "1:", "0:00", ":", "x:y", &format!("-{head}"), &format!("{head}0"), &head.to_string()[1..9]]
        {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
        assert_eq!(unhex(&"é".repeat(32)), None);
    }

    #[test]
    fn the_id_of_a_key_survives_the_round_trip_and_nothing_else_is_one() {
        let id = KeyId(key(3).id);
        assert_eq!(id.to_string().parse::<KeyId>().ok(), Some(id));
        for wrong in ["", "12", "1234567", "123456789a", "zzzzzzzz", "ééåå"] {
            assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
        }
    }
}
