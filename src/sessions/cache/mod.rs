//! Session checks: cached, and batched.
//!
//! 1. `memory` caches sessions while the `listener` receives changes from `PostgreSQL`.
//! 2. All other checks query the database, batched by a [`Batcher`].
//! 3. `uses` updates the last use of sessions in the background.

mod listener;
mod memory;
mod uses;

use std::{collections::HashMap, sync::Arc, time::Duration};

use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use self::{
    listener::Waiting,
    memory::{CachedSessions, LEASE},
    uses::Use,
};
use super::{LiveSession, find_live};
use crate::{
    accounts::Role,
    config::Config,
    db::{BatchQuery, Batcher},
    telemetry::{self, Metrics},
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
        if let Some(live) = self.cached.get(&store_id) {
            self.metrics.session_checks_cached.inc();
            return Ok(Some(live));
        }
        self.find_now(store_id).await
    }

    /// Looks up a session in the database, bypassing the cache, for requests that change something.
    pub async fn find_now(&self, store_id: String) -> sqlx::Result<Option<Arc<LiveSession>>> {
        self.metrics.session_checks_database.inc();
        self.batcher.answer(store_id).await
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
    type Question = String;
    type Answer = Arc<LiveSession>;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        store_ids: &[String],
    ) -> sqlx::Result<HashMap<String, Arc<LiveSession>>> {
        let snapshot = self.cached.begin_query();
        let found = find_live(connection, store_ids, self.need_second_factor).await?;
        let lives = found.into_iter().map(|live| {
            if live.touch_due {
                // Fails only during shutdown, after the task has ended.
                self.uses.send(Use::Of(live.id)).ok();
            }
            let (store_id, live) = (live.store_id.clone(), Arc::new(live));
            let holds_for = Duration::try_from_secs_f64(live.holds_for).unwrap_or_default();
            self.cached.insert(snapshot, &store_id, &live, holds_for);
            (store_id, live)
        });
        Ok(lives.collect())
    }
}
