//! What a link is made of: pure, so that the linker and whoever verifies cannot differ.
//!
//! - `origin digest = HMAC(key, seq, address, user agent)`, none for an event without an origin;
//! - `digest = HMAC(key, every other column of the event, origin digest)`;
//! - `hash = HMAC(key, the hash before, position, digest)`.
//!
//! So an address can be forgotten and its event still be proven, and a changed event can be told from
//! one that stands in the wrong place. Every field goes in with its length: no two events read alike.

use std::{fmt, str::FromStr};

use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

use crate::config::Secrets;

/// A digest or hash of the chain.
pub(super) type Digest = [u8; 32];
/// What stands before the first link.
pub(super) const BEGINNING: Digest = [0; 32];

/// The keys of the chain, newest first: the newest makes links, all of them check.
#[derive(Clone)]
pub struct ChainKeys(Vec<ChainKey>);

/// One key, and the name under which links say that it made them.
#[derive(Clone)]
pub(super) struct ChainKey {
    pub id: [u8; 4],
    secret: [u8; 32],
}

impl ChainKeys {
    /// Derives them from the operator's secrets.
    #[must_use]
    pub fn derive(secrets: &Secrets) -> Self {
        Self(secrets.derive("audit").into_iter().map(ChainKey::new).collect())
    }

    /// The key that makes links; none only without any secret, which there never is.
    pub(super) fn newest(&self) -> Option<&ChainKey> {
        self.0.first()
    }

    pub(super) fn find(&self, id: &[u8]) -> Option<&ChainKey> {
        self.0.iter().find(|key| key.id == id)
    }
}

impl fmt::Debug for ChainKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKeys(..)")
    }
}

/// An event as it stands in the database.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub seq: i64,
    /// Microseconds since 1970; none for a time that no event of ours has.
    pub micros: Option<i64>,
    pub kind: String,
    pub version: i16,
    /// JSON.
    pub detail: String,
    pub actor: String,
    pub user_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub account_exists: bool,
    /// Older than events are kept.
    pub expired: bool,
    /// So much older that a cut is worth while.
    pub overdue: bool,
}

impl ChainKey {
    fn new(secret: [u8; 32]) -> Self {
        let [a, b, c, d, ..] = Sealing::begin(&secret, "key id").end();
        Self { id: [a, b, c, d], secret }
    }

    /// Of where an event came from; none when that is not known.
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

    /// Of an event's content.
    pub fn digest(&self, event: &Stored, origin_digest: Option<&Digest>) -> Digest {
        let mut sealing = Sealing::begin(&self.secret, "event");
        sealing.field(&event.seq.to_be_bytes());
        sealing.optional(event.micros.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
        sealing.field(event.kind.as_bytes());
        sealing.field(&event.version.to_be_bytes());
        sealing.field(canonical(&event.detail).as_bytes());
        sealing.field(event.actor.as_bytes());
        sealing.optional(event.user_id.as_ref().map(|id| id.as_bytes().as_slice()));
        sealing.optional(event.session_id.as_ref().map(|id| id.as_bytes().as_slice()));
        sealing.optional(origin_digest.map(Digest::as_slice));
        sealing.end()
    }

    /// Of an event in its place.
    pub fn hash(&self, previous: &Digest, position: i64, digest: &Digest) -> Digest {
        let mut sealing = Sealing::begin(&self.secret, "link");
        sealing.field(previous);
        sealing.field(&position.to_be_bytes());
        sealing.field(digest);
        sealing.end()
    }
}

/// HMAC-SHA-256 over fields with their lengths.
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

/// JSON with its keys in order, whatever the database or a library makes of their order. What cannot be
/// read counts as it is: none of our events is like that.
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

/// The end of the chain, to be noted where whoever writes to the database cannot reach.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// How many events were ever linked.
    pub position: i64,
    /// What binds them all.
    pub hash: [u8; 32],
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, hex(&self.hash))
    }
}

/// What a head looks like.
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

pub(super) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// Reads what [`hex`] wrote.
pub(super) fn unhex(text: &str) -> Option<Digest> {
    let mut bytes = BEGINNING;
    if text.len() != 64 || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Stored {
        Stored {
            seq: 7,
            micros: Some(1_795_404_268_123_456),
            kind: "signed_in".into(),
            version: 1,
            detail: r#"{"amr": ["pwd"], "a": {"y": 1, "x": null}}"#.into(),
            actor: "visitor".into(),
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
        let changes: [fn(&mut Stored); 12] = [
            |event| event.seq = 8,
            |event| event.micros = event.micros.map(|micros| micros + 1),
            |event| event.micros = None,
            |event| event.kind = "signed_out".into(),
            |event| event.version = 2,
            |event| event.detail = r#"{"amr": ["otp"], "a": {"y": 1, "x": null}}"#.into(),
            |event| event.actor = "service".into(),
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
}
