//! Who is signed in, asked for many visitors at once.
//!
//! 1. Who was found lately is remembered ([`memory`]), as long as `PostgreSQL` tells us of every change
//!    ([`listener`]). Otherwise each visitor is asked for.
//! 2. Otherwise visitors who come at the same time are asked for together ([`Together`]).
//! 3. That a session is in use is noted a moment later ([`uses`]).

mod listener;
mod memory;
mod uses;

use std::{collections::HashMap, sync::Arc};

use sqlx::{PgConnection, PgPool};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use self::{
    listener::Waiting,
    memory::{LEASE, Memory},
    uses::Use,
};
use super::{Found, LiveSession, find_live};
use crate::{
    accounts::Role,
    config::Config,
    db::{Ask, Together},
    telemetry::Metrics,
};

/// Tells who is signed in. Cheap to clone; its tasks end with the last clone.
#[derive(Clone, Debug)]
pub struct Lookup {
    judged: Together<Judge>,
    memory: Arc<Memory>,
    catching_up: mpsc::UnboundedSender<Waiting>,
    uses: mpsc::UnboundedSender<Use>,
    metrics: Arc<Metrics>,
}

/// Asks the one statement, and remembers what it says.
#[derive(Debug)]
struct Judge {
    need_second_factor: &'static [Role],
    memory: Arc<Memory>,
    uses: mpsc::UnboundedSender<Use>,
}

impl Lookup {
    /// Starts the tasks that ask, listen and note. Must be called on a runtime.
    #[must_use]
    pub fn start(db: PgPool, config: &Config, metrics: Arc<Metrics>) -> Self {
        let (catching_up, waiting) = mpsc::unbounded_channel();
        let (uses, noted) = mpsc::unbounded_channel();
        let memory = Arc::new(Memory::new(config.session_cache));
        let judge = Judge {
            need_second_factor: Role::needing_second_factor(config.accounts.require_second_factor),
            memory: Arc::clone(&memory),
            uses: uses.clone(),
        };
        tokio::spawn(uses::run(db.clone(), config.lifetimes, noted));
        if config.session_cache > 0 {
            tokio::spawn(listener::run(db.clone(), Arc::clone(&memory), waiting));
        }
        Self { judged: Together::start(db, judge), memory, catching_up, uses, metrics }
    }

    /// Tells who is signed in under the digest of a cookie, to somebody who only looks.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn find(&self, store_id: String) -> sqlx::Result<Option<Arc<LiveSession>>> {
        if let Some(live) = self.memory.recall(&store_id) {
            self.metrics.sessions_remembered.inc();
            return Ok(Some(live));
        }
        self.find_now(store_id).await
    }

    /// The same by the database's word alone: nothing is done on the word of memory.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn find_now(&self, store_id: String) -> sqlx::Result<Option<Arc<LiveSession>>> {
        self.metrics.sessions_asked.inc();
        self.judged.answer(store_id).await
    }

    /// Waits until this replica knows of every change that was committed by now, so that whoever ended a
    /// session and was told so finds it ended. Takes one round trip, and none while nothing is remembered;
    /// at most [`LEASE`], after which nothing older is believed anyway.
    pub async fn catch_up(&self) {
        if self.memory.is_empty() {
            return;
        }
        let (waiting, done) = oneshot::channel();
        let listens = self.catching_up.send(waiting).is_ok();
        if !listens || matches!(timeout(LEASE, done).await, Ok(Err(_))) {
            // Nobody heard for us.
            self.memory.doubt();
        }
    }

    /// Writes down every use that was not noted yet.
    pub async fn note_uses(&self) {
        let (done, noted) = oneshot::channel();
        if self.uses.send(Use::Now(done)).is_ok() {
            noted.await.ok();
        }
    }
}

impl Ask for Judge {
    type Question = String;
    type Answer = Arc<LiveSession>;

    async fn ask(
        &self,
        connection: &mut PgConnection,
        store_ids: &[String],
    ) -> sqlx::Result<HashMap<String, Arc<LiveSession>>> {
        let asked = self.memory.asking();
        let found = find_live(connection, store_ids, self.need_second_factor).await?;
        let remembered = found.into_iter().map(|Found { store_id, live, touch_due, holds_for }| {
            if touch_due {
                // Nobody listens any more when the service ends.
                self.uses.send(Use::Of(live.id)).ok();
            }
            let live = Arc::new(live);
            self.memory.keep(asked, &store_id, &live, holds_for);
            (store_id, live)
        });
        Ok(remembered.collect())
    }
}
