//! The apps of protected hosts, kept in memory: a proxy asks about every request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sqlx::PgPool;

use super::{App, find_by_gate};
use crate::sessions::cache::SessionCache;

/// How many hosts are kept.
const CAPACITY: usize = 1024;

/// Keeps apps by the origins that their proxies protect. A change of any app invalidates all of them on every replica
/// ([`SessionCache::generation`]).
#[derive(Debug, Default)]
pub struct GateApps(Mutex<HashMap<String, Kept>>);

#[derive(Debug)]
struct Kept {
    generation: u64,
    app: Arc<App>,
}

impl GateApps {
    /// Finds the app whose proxy protects an origin, enabled or not.
    pub async fn find(&self, db: &PgPool, sessions: &SessionCache, origin: &str) -> sqlx::Result<Option<Arc<App>>> {
        // Before the query: a change during it ends the generation.
        let generation = sessions.generation();
        if let Some(app) = self.kept(origin, generation) {
            return Ok(Some(app));
        }
        let Some(app) = find_by_gate(&mut *db.acquire().await?, origin).await?.map(Arc::new) else { return Ok(None) };
        if let Some(generation) = generation {
            self.keep(origin, Kept { generation, app: Arc::clone(&app) });
        }
        Ok(Some(app))
    }

    fn kept(&self, origin: &str, generation: Option<u64>) -> Option<Arc<App>> {
        let apps = self.lock();
        apps.get(origin).filter(|kept| Some(kept.generation) == generation).map(|kept| Arc::clone(&kept.app))
    }

    fn keep(&self, origin: &str, kept: Kept) {
        let mut apps = self.lock();
        if apps.len() >= CAPACITY {
            apps.clear();
        }
        apps.insert(origin.to_owned(), kept);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
