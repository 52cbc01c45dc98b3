//! Session checks: cached, and batched.
//!
//! 1. `memory` caches sessions while the `listener` receives changes from `PostgreSQL`. A session is looked up by its own
//!    cookie, or by one on a protected host.
//! 2. All other checks query the database, batched by a [`Batcher`].
//! 3. `uses` updates the last use of sessions in the background.
//! 4. `changes` counts invalidations, for the caches of apps and tokens.

mod changes;
mod listener;
mod memory;
mod uses;

use std::{collections::HashMap, sync::Arc, time::Duration};

use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use uuid::Uuid;

pub use self::{changes::Version, memory::Snapshot};
use self::{
    listener::Waiting,
    memory::{CachedSessions, Key, LEASE},
    uses::Use,
};
use super::{LiveSession, find_live, gates};
use crate::{
    accounts::Role,
    config::Config,
    db::{BatchQuery, Batcher},
    telemetry::{self, Metrics},
    types::{AppId, TokenDigest},
};

/// Looks up live sessions by cookie digest. Cheap to clone; its tasks end with the last clone.
#[derive(Clone, Debug)]
pub struct SessionCache {
    batcher: Batcher<LiveQuery>,
    cached: Arc<CachedSessions>,
    catching_up: mpsc::UnboundedSender<Waiting>,
    uses: mpsc::UnboundedSender<Use>,
    metrics: Arc<Metrics>,
}

/// The batched query, which fills the cache.
#[derive(Debug)]
struct LiveQuery {
    need_second_factor: &'static [Role],
    cached: Arc<CachedSessions>,
    uses: mpsc::UnboundedSender<Use>,
}

impl SessionCache {
    /// Starts the background tasks. Must be called on a runtime.
    pub fn start(db: PgPool, config: &Config, metrics: Arc<Metrics>) -> Self {
        let (catching_up, waiting) = mpsc::unbounded_channel();
        let (uses, noted) = mpsc::unbounded_channel();
        let cached = Arc::new(CachedSessions::new(config.session_cache));
        let query = LiveQuery {
            need_second_factor: Role::needing_second_factor(config.accounts.require_second_factor),
            cached: Arc::clone(&cached),
            uses: uses.clone(),
        };
        telemetry::spawn("session uses", uses::run(db.clone(), config.lifetimes, noted));
        if config.session_cache > 0 {
            telemetry::spawn("session listener", listener::run(db.clone(), Arc::clone(&cached), waiting));
        }
        Self { batcher: Batcher::start(db, query), cached, catching_up, uses, metrics }
    }

    /// Looks up a session by its cookie's digest, for read-only requests.
    pub async fn find(&self, store_id: String) -> sqlx::Result<Option<Arc<LiveSession>>> {
        self.look_up(Key::Cookie(store_id)).await
    }

    /// Looks up the session behind the cookie of a protected host, by the cookie's digest.
    pub async fn find_at_gate(&self, app: AppId, cookie: TokenDigest) -> sqlx::Result<Option<Arc<LiveSession>>> {
        self.look_up(Key::Gate(app, cookie)).await
    }

    /// Returns the current generation. Apps cached under it are valid while it stays the same. `None` while nothing may
    /// be cached.
    pub fn generation(&self) -> Option<u64> {
        self.cached.generation()
    }

    /// Returns the version of an account, or of a grant without one. Its cached data is valid while the version stays
    /// the same. `None` while nothing may be cached.
    pub fn version(&self, id: Uuid) -> Option<Version> {
        self.cached.version(id)
    }

    /// Takes a snapshot. Must be called before a query whose result is to be cached.
    pub fn snapshot(&self) -> Snapshot {
        self.cached.begin_query()
    }

    /// Returns the version to cache a query result under. `None` if something changed since the snapshot.
    pub fn version_since(&self, snapshot: Snapshot, id: Uuid) -> Option<Version> {
        self.cached.version_since(snapshot, id)
    }

    async fn look_up(&self, key: Key) -> sqlx::Result<Option<Arc<LiveSession>>> {
        if let Some(live) = self.cached.get(&key) {
            self.metrics.session_checks_cached.inc();
            return Ok(Some(live));
        }
        self.ask(key).await
    }

    /// Looks up a session in the database, bypassing the cache, for requests that change something.
    pub async fn find_now(&self, store_id: String) -> sqlx::Result<Option<Arc<LiveSession>>> {
        self.ask(Key::Cookie(store_id)).await
    }

    async fn ask(&self, key: Key) -> sqlx::Result<Option<Arc<LiveSession>>> {
        self.metrics.session_checks_database.inc();
        self.batcher.answer(key).await
    }

    /// Waits until this replica has received every change committed so far, so that a user who revoked a session sees
    /// it revoked. Takes one round trip, or none if the cache is empty. Waits for at most `LEASE`, after which older
    /// entries are stale anyway.
    pub async fn catch_up(&self) {
        if self.cached.is_empty() {
            return;
        }
        let (waiting, done) = oneshot::channel();
        let listens = self.catching_up.send(waiting).is_ok();
        if !listens || matches!(timeout(LEASE, done).await, Ok(Err(_))) {
            // The listener is down.
            self.cached.end_lease();
        }
    }

    /// Flushes pending updates of last use.
    pub async fn note_uses(&self) {
        let (done, noted) = oneshot::channel();
        if self.uses.send(Use::Now(done)).is_ok() {
            noted.await.ok();
        }
    }
}

impl BatchQuery for LiveQuery {
    type Question = Key;
    type Answer = Arc<LiveSession>;

    async fn ask(&self, connection: &mut PgConnection, keys: &[Key]) -> sqlx::Result<HashMap<Key, Arc<LiveSession>>> {
        let snapshot = self.cached.begin_query();
        let by_cookie = cookies_of(connection, keys).await?;
        let store_ids: Vec<String> = by_cookie.keys().cloned().collect();
        let found = find_live(connection, &store_ids, self.need_second_factor).await?;
        let mut lives = HashMap::new();
        for live in found {
            if live.touch_due {
                // Fails only during shutdown, after the task has ended.
                self.uses.send(Use::Of(live.id)).ok();
            }
            let live = Arc::new(live);
            let holds_for = Duration::try_from_secs_f64(live.holds_for).unwrap_or_default();
            for key in by_cookie.get(&live.store_id).into_iter().flatten() {
                self.cached.insert(snapshot, key, &live, holds_for);
                lives.insert(key.clone(), Arc::clone(&live));
            }
        }
        Ok(lives)
    }
}

/// The keys by the session's own cookie, to which those of protected hosts lead.
async fn cookies_of(connection: &mut PgConnection, keys: &[Key]) -> sqlx::Result<HashMap<String, Vec<Key>>> {
    let mut by_cookie: HashMap<String, Vec<Key>> = HashMap::new();
    let mut at_gates = Vec::new();
    for key in keys {
        match key {
            Key::Cookie(store_id) => by_cookie.entry(store_id.clone()).or_default().push(key.clone()),
            Key::Gate(app, digest) => at_gates.push((*app, *digest)),
        }
    }
    if !at_gates.is_empty() {
        for found in gates::find(connection, &at_gates).await? {
            by_cookie.entry(found.store_id).or_default().push(Key::Gate(found.app, found.digest));
        }
    }
    Ok(by_cookie)
}
