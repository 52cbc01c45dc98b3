//! Caches apps: a proxy asks about every request, and an app authenticates on each of its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sqlx::PgPool;

use super::{App, AppKind, find, find_by_gate};
use crate::sessions::cache::SessionCache;

/// Maximum number of cached apps.
const CAPACITY: usize = 1024;

/// The key of a cached app.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Key {
    ClientId(String),
    /// An origin that its proxy protects.
    Gate(String),
}

/// Caches apps by `client_id` and by protected origin. A change to any app invalidates all of them on every replica
/// ([`SessionCache::generation`]).
#[derive(Debug, Default)]
pub struct AppCache(Mutex<HashMap<Key, Kept>>);

#[derive(Debug)]
struct Kept {
    generation: u64,
    app: Arc<App>,
}

impl AppCache {
    /// Finds the app with this `client_id`, enabled or not.
    pub async fn find(&self, db: &PgPool, sessions: &SessionCache, client_id: &str) -> sqlx::Result<Option<Arc<App>>> {
        self.look_up(db, sessions, Key::ClientId(client_id.to_owned())).await
    }

    /// Finds the app whose proxy protects an origin, enabled or not.
    pub async fn find_by_gate(
        &self,
        db: &PgPool,
        sessions: &SessionCache,
        origin: &str,
    ) -> sqlx::Result<Option<Arc<App>>> {
        self.look_up(db, sessions, Key::Gate(origin.to_owned())).await
    }

    async fn look_up(&self, db: &PgPool, sessions: &SessionCache, key: Key) -> sqlx::Result<Option<Arc<App>>> {
        // Before the query: a change during it ends the generation.
        let generation = sessions.generation();
        if let Some(app) = self.kept(&key, generation) {
            return Ok(Some(app));
        }
        let mut connection = db.acquire().await?;
        let found = match &key {
            Key::ClientId(client_id) => find(&mut connection, client_id).await?,
            Key::Gate(origin) => find_by_gate(&mut connection, origin).await?,
        };
        let Some(app) = found.map(Arc::new) else { return Ok(None) };
        // Changes of documents notify nobody: anyone can cause them, and often.
        if let Some(generation) = generation.filter(|_| app.kind != AppKind::Document) {
            self.keep(key, Kept { generation, app: Arc::clone(&app) });
        }
        Ok(Some(app))
    }

    fn kept(&self, key: &Key, generation: Option<u64>) -> Option<Arc<App>> {
        let apps = self.lock();
        apps.get(key).filter(|kept| Some(kept.generation) == generation).map(|kept| Arc::clone(&kept.app))
    }

    fn keep(&self, key: Key, kept: Kept) {
        let mut apps = self.lock();
        if apps.len() >= CAPACITY {
            apps.clear();
        }
        apps.insert(key, kept);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
