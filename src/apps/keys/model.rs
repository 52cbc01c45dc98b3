//! What is known of the keys, and the times by which they take turns.

use std::{
    cmp::Reverse,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_jose::{Algorithm, KeySet, MAX_KEYS, PublicJwk, SigningKey};

use super::{KeysError, SigningAlgorithm};
use crate::{
    crypto::sealing::SealingKeys,
    types::{StaticDocument, instant},
};

/// How long the keys are cached.
const FRESH: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

impl From<SigningAlgorithm> for Algorithm {
    fn from(alg: SigningAlgorithm) -> Self {
        match alg {
            SigningAlgorithm::Rs256 => Self::RS256,
            SigningAlgorithm::Es256 => Self::ES256,
            SigningAlgorithm::EdDsa => Self::EdDSA,
        }
    }
}

/// By what times keys take turns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// For how long a key signs.
    pub(super) rotation: Duration,
    /// How long before it signs a successor is published: by then apps have fetched it.
    pub(super) ahead: Duration,
    /// For how long a key is published after it has stopped: as long as its tokens, and a day for clocks and caches.
    pub(super) afterwards: Duration,
}

impl Terms {
    pub(super) fn new(rotation: Duration, longest_token: Duration) -> Self {
        Self { rotation, ahead: DAY.min(rotation / 2), afterwards: longest_token + DAY }
    }
}

/// A row of `signing_keys`.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: Uuid,
    pub(super) kid: String,
    pub(super) alg: SigningAlgorithm,
    pub(super) sealed: Vec<u8>,
    pub(super) public_jwk: Value,
    pub(super) signs_from: OffsetDateTime,
    pub(super) signs_until: OffsetDateTime,
    pub(super) published_until: OffsetDateTime,
    /// The database's time when the row was read.
    pub(super) now: OffsetDateTime,
}

impl Stored {
    pub(super) fn state_at(&self, now: OffsetDateTime) -> KeyState {
        if now < self.signs_from {
            KeyState::Waiting
        } else if now < self.signs_until {
            KeyState::Signing
        } else {
            KeyState::Stopped
        }
    }

    /// Decrypts the private key.
    pub(super) fn open(&self, sealing: &SealingKeys) -> Option<SigningKey> {
        let opened = sealing.open(Uuid::nil(), self.id, &self.sealed);
        let opened =
            opened.map_err(|error| tracing::warn!(kid = self.kid, %error, "cannot open a signing key")).ok()?;
        let key = SigningKey::from_pkcs8(self.alg.into(), &opened);
        let key = key.map_err(|error| tracing::error!(kid = self.kid, %error, "a signing key is damaged")).ok()?;
        // Under another name nobody could verify what it signs.
        Some(key).filter(|key| key.public().kid() == self.kid)
    }
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum KeyState {
    /// It signs.
    Signing,
    /// It is published, and signs later.
    Waiting,
    /// It signs no more, and its tokens are still verified.
    Stopped,
}

/// A key as it is listed.
#[derive(Clone, Debug)]
pub struct KnownKey {
    /// Its name in tokens.
    pub kid: String,
    /// What it signs with.
    pub alg: SigningAlgorithm,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it begins to sign.
    pub signs_from: OffsetDateTime,
    /// When it stops.
    pub signs_until: OffsetDateTime,
    /// Until when its tokens are verified.
    pub published_until: OffsetDateTime,
    /// Whether the configured secrets open it.
    pub opens: bool,
}

/// A key, and what came of opening it.
struct Held {
    stored: Stored,
    key: Option<Arc<SigningKey>>,
}

/// The published keys at one time.
pub(super) struct Snapshot {
    /// When they were requested, so that the database's time is never overestimated by much.
    read: Instant,
    keys: Vec<Held>,
    /// The algorithms that apps need.
    needed: Vec<SigningAlgorithm>,
    pub(super) published: Arc<KeySet>,
    /// The JWK set as JSON.
    pub(super) document: StaticDocument,
}

impl Snapshot {
    /// Opens the keys that the snapshot before did not hold.
    pub(super) fn new(
        read: Instant,
        mut rows: Vec<Stored>,
        mut needed: Vec<SigningAlgorithm>,
        before: Option<&Self>,
        sealing: &SealingKeys,
    ) -> Result<Self, KeysError> {
        if rows.is_empty() && needed.is_empty() {
            // Most apps need this one.
            needed.push(SigningAlgorithm::Rs256);
        }
        // Some apps take the first key that fits, whatever its name.
        rows.sort_by_key(|row| (row.state_at(row.now), Algorithm::from(row.alg), Reverse(row.signs_from)));
        let public = rows.iter().take(MAX_KEYS).map(|row| PublicJwk::parse(&row.public_jwk.to_string()));
        let published = KeySet::new(public.collect::<Result<Vec<_>, _>>()?)?;
        let document = StaticDocument::new(serde_json::to_vec(&published).unwrap_or_default());
        let keys = rows.into_iter().map(|stored| {
            let held = before.and_then(|before| before.held(&stored));
            let key = match held {
                Some(held) => held.key.clone(),
                None => stored.open(sealing).map(Arc::new),
            };
            Held { stored, key }
        });
        Ok(Self { read, keys: keys.collect(), needed, published: Arc::new(published), document })
    }

    /// What came of opening this key before, unless it has been re-encrypted since.
    fn held(&self, row: &Stored) -> Option<&Held> {
        let held = self.keys.iter().find(|held| held.stored.id == row.id)?;
        (held.key.is_some() || held.stored.sealed == row.sealed).then_some(held)
    }

    pub(super) fn is_fresh(&self) -> bool {
        instant().duration_since(self.read) < FRESH
    }

    /// The key that signs now. During the overlap that replicas with different secrets cause, the newest.
    pub(super) fn signer(&self, alg: SigningAlgorithm) -> Option<Arc<SigningKey>> {
        let signing = self.keys.iter().filter(|held| held.stored.alg == alg && held.key.is_some());
        let signing = signing.filter(|held| held.stored.state_at(self.now_for(held)) == KeyState::Signing);
        signing.max_by_key(|held| (held.stored.signs_from, held.stored.id))?.key.clone()
    }

    /// The algorithms that apps need and that have no signing key now.
    pub(super) fn missing(&self) -> Vec<SigningAlgorithm> {
        self.needed.iter().copied().filter(|alg| self.signer(*alg).is_none()).collect()
    }

    /// The database's time now.
    fn now_for(&self, held: &Held) -> OffsetDateTime {
        held.stored.now + instant().duration_since(self.read)
    }

    pub(super) fn list(&self) -> Vec<KnownKey> {
        let known = |held: &Held| {
            let (now, stored) = (self.now_for(held), &held.stored);
            KnownKey {
                kid: stored.kid.clone(),
                alg: stored.alg,
                state: stored.state_at(now),
                signs_from: stored.signs_from,
                signs_until: stored.signs_until,
                published_until: stored.published_until,
                opens: held.key.is_some(),
            }
        };
        self.keys.iter().map(known).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_is_published_a_day_before_it_signs_or_half_the_rotation() {
        let hour = Duration::from_secs(3600);
        for (rotation, token, ahead, afterwards) in [
            (90 * DAY, hour / 6, DAY, DAY + hour / 6),
            (DAY, DAY, 12 * hour, 2 * DAY),
            (hour, hour, hour / 2, DAY + hour),
        ] {
            let terms = Terms::new(rotation, token);
            assert_eq!((terms.ahead, terms.afterwards), (ahead, afterwards), "{rotation:?}");
        }
    }
}
