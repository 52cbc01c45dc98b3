//! Caches the validity of access tokens: apps present the same token on each of their requests.
//!
//! 1. An entry is valid until something in it expires, and while its version is current ([`SessionCache::version`]).
//!    `PostgreSQL` notifies every replica of what ends a token, as it does for sessions.
//! 2. Without a listener nothing is cached, and every check queries the database.
//! 3. The key is the digest of the token, or the grant of a signed one. An entry is independent of the caller, which
//!    compares scopes, audience and app afterwards.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use indexmap::IndexMap;
use sqlx::PgPool;

use super::judge::{Live, Subject, judge};
use crate::{
    sessions::cache::{SessionCache, Version},
    telemetry::Metrics,
    types::instant,
};

/// A bounded cache of live grants.
#[derive(derive_more::Debug)]
#[debug("TokenCache {{ capacity: {capacity:?}, .. }}")]
pub struct TokenCache {
    capacity: usize,
    metrics: Arc<Metrics>,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_subject: IndexMap<Subject, Entry>,
    /// The next candidate for eviction.
    hand: usize,
}

struct Entry {
    live: Arc<Live>,
    version: Version,
    until: Instant,
}

impl TokenCache {
    /// Creates a cache for up to `capacity` tokens.
    pub fn new(capacity: usize, metrics: Arc<Metrics>) -> Self {
        Self { capacity, metrics, entries: Mutex::default() }
    }

    /// Judges a token, from its cached entry if that is still valid.
    pub async fn judge(
        &self,
        db: &PgPool,
        sessions: &SessionCache,
        subject: Subject,
    ) -> sqlx::Result<Option<Arc<Live>>> {
        if let Some(live) = self.get(sessions, &subject) {
            self.metrics.token_checks_cached.inc();
            return Ok(Some(live));
        }
        self.metrics.token_checks_database.inc();
        let snapshot = sessions.snapshot();
        let Some(live) = judge(&mut *db.acquire().await?, subject).await?.map(Arc::new) else { return Ok(None) };
        if let Some(version) = sessions.version_since(snapshot, live.owner()) {
            let until = snapshot.at + Duration::try_from_secs_f64(live.holds_for).unwrap_or_default();
            self.insert(subject, Entry { live: Arc::clone(&live), version, until });
        }
        Ok(Some(live))
    }

    fn get(&self, sessions: &SessionCache, subject: &Subject) -> Option<Arc<Live>> {
        let (live, version) = {
            let entries = self.lock();
            let entry = entries.by_subject.get(subject).filter(|entry| instant() < entry.until)?;
            (Arc::clone(&entry.live), entry.version)
        };
        (sessions.version(live.owner()) == Some(version)).then_some(live)
    }

    fn insert(&self, subject: Subject, entry: Entry) {
        if self.capacity == 0 {
            return;
        }
        let mut entries = self.lock();
        while entries.by_subject.len() >= self.capacity && !entries.by_subject.contains_key(&subject) {
            entries.make_room();
        }
        entries.by_subject.insert(subject, entry);
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Evicts an entry, regardless of age, so that nobody can choose whose entry is next.
    fn make_room(&mut self) {
        self.hand = (self.hand + 1) % self.by_subject.len().max(1);
        self.by_subject.swap_remove_index(self.hand);
    }
}
