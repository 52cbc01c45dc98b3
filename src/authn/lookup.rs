//! Who is signed in, asked for many visitors at once.
//!
//! 1. Who was found lately is remembered ([`memory`]), as long as `PostgreSQL` tells us of every change
//!    ([`listener`]). Otherwise each visitor is asked for.
//! 2. Questions have a connection to themselves while requests keep coming: they wait behind no sign-in,
//!    and nothing is asked to check the connection in between (`sqlx` makes one more round trip for each
//!    use of its pool). Visitors who come while a statement runs are asked for together in the next:
//!    nobody waits for company, and the busier the service is the less each one costs.
//! 3. That a session is in use is noted a moment later ([`uses`]).

mod listener;
mod memory;
mod uses;

use std::{collections::HashMap, sync::Arc, time::Duration};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use self::{
    listener::Waiting,
    memory::{LEASE, Memory},
    uses::Use,
};
use super::sessions::{self, Found, LiveSession};
use crate::{accounts::Role, config::Config, telemetry::Metrics};

/// The most visitors in one statement.
const TOGETHER: usize = 64;
/// Without a visitor for this long the connection is everybody's again.
const RESTS_AFTER: Duration = Duration::from_millis(500);
/// A connection is given back now and then, so that the pool can replace it when it is old.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// A pool that has no connection for this long is left to those who ask alone.
const CONNECTED_WITHIN: Duration = Duration::from_millis(500);
/// A statement that takes longer has met a silent network or a locked table; its visitors ask alone.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// Tells who is signed in. Cheap to clone; its tasks end with the last clone.
#[derive(Clone, Debug)]
pub struct Lookup {
    db: PgPool,
    questions: mpsc::UnboundedSender<Question>,
    catching_up: mpsc::UnboundedSender<Waiting>,
    judge: Judge,
    metrics: Arc<Metrics>,
}

/// Asks the one statement, and remembers what it says.
#[derive(Clone, Debug)]
struct Judge {
    need_second_factor: &'static [Role],
    memory: Arc<Memory>,
    uses: mpsc::UnboundedSender<Use>,
}

#[derive(Debug)]
struct Question {
    store_id: String,
    answer: oneshot::Sender<Option<Arc<LiveSession>>>,
}

impl Lookup {
    /// Starts the tasks that ask, listen and note. Must be called on a runtime.
    #[must_use]
    pub fn start(db: PgPool, config: &Config, metrics: Arc<Metrics>) -> Self {
        let (questions, asked) = mpsc::unbounded_channel();
        let (catching_up, waiting) = mpsc::unbounded_channel();
        let (uses, noted) = mpsc::unbounded_channel();
        let judge = Judge {
            need_second_factor: Role::needing_second_factor(config.accounts.require_second_factor),
            memory: Arc::new(Memory::new(config.session_cache)),
            uses,
        };
        tokio::spawn(answer_all(db.clone(), asked, judge.clone()));
        tokio::spawn(uses::run(db.clone(), config.lifetimes, noted));
        if config.session_cache > 0 {
            tokio::spawn(listener::run(db.clone(), Arc::clone(&judge.memory), waiting));
        }
        Self { db, questions, catching_up, judge, metrics }
    }

    /// Tells who is signed in under the digest of a cookie, to somebody who only looks.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn find(&self, store_id: String) -> sqlx::Result<Option<Arc<LiveSession>>> {
        if let Some(live) = self.judge.memory.recall(&store_id) {
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
        let (answer, answered) = oneshot::channel();
        if self.questions.send(Question { store_id: store_id.clone(), answer }).is_ok()
            && let Ok(found) = answered.await
        {
            return Ok(found);
        }
        // What went wrong for many is found out by each for itself, on another connection.
        let mut connection = self.db.acquire().await?;
        Ok(self.judge.ask(&mut connection, &[store_id]).await?.into_values().next())
    }

    /// Waits until this replica knows of every change that was committed by now, so that whoever ended a
    /// session and was told so finds it ended. Takes one round trip, and none while nothing is remembered;
    /// at most [`LEASE`], after which nothing older is believed anyway.
    pub async fn catch_up(&self) {
        if self.judge.memory.is_empty() {
            return;
        }
        let (waiting, done) = oneshot::channel();
        let listens = self.catching_up.send(waiting).is_ok();
        if !listens || matches!(timeout(LEASE, done).await, Ok(Err(_))) {
            // Nobody heard for us.
            self.judge.memory.doubt();
        }
    }

    /// Writes down every use that was not noted yet.
    pub async fn note_uses(&self) {
        let (done, noted) = oneshot::channel();
        if self.judge.uses.send(Use::Now(done)).is_ok() {
            noted.await.ok();
        }
    }
}

impl Judge {
    async fn ask(
        &self,
        connection: &mut PgConnection,
        store_ids: &[String],
    ) -> sqlx::Result<HashMap<String, Arc<LiveSession>>> {
        let asked = self.memory.asking();
        let found = sessions::find_live(connection, store_ids, self.need_second_factor).await?;
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

/// The connection that questions have to themselves.
struct Kept {
    connection: PoolConnection<Postgres>,
    since: Instant,
    /// Whoever takes writes may be another one later; then this one is not asked any more.
    server: Arc<PgConnectOptions>,
}

/// Dropping a question unanswered makes its visitor ask alone.
async fn answer_all(db: PgPool, mut asked: mpsc::UnboundedReceiver<Question>, judge: Judge) {
    let mut questions = Vec::with_capacity(TOGETHER);
    let mut kept: Option<Kept> = None;
    loop {
        let more = asked.recv_many(&mut questions, TOGETHER);
        let count = match timeout(RESTS_AFTER, more).await {
            Ok(count) => count,
            Err(_) if kept.is_some() => {
                kept = None;
                continue;
            }
            Err(_) => asked.recv_many(&mut questions, TOGETHER).await,
        };
        if count == 0 {
            // Nobody is left who could ask.
            return;
        }
        let server = db.connect_options();
        kept = kept.filter(|kept| kept.since.elapsed() < KEPT_FOR && Arc::ptr_eq(&kept.server, &server));
        if kept.is_none() {
            let connection = timeout(CONNECTED_WITHIN, db.acquire()).await.ok().and_then(Result::ok);
            kept = connection.map(|connection| Kept { connection, since: Instant::now(), server });
        }
        let answered = match &mut kept {
            Some(kept) => timeout(ANSWERED_WITHIN, answer(&mut kept.connection, &mut questions, &judge)).await,
            None => Ok(Err(sqlx::Error::PoolTimedOut)),
        };
        if !matches!(answered, Ok(Ok(()))) {
            // Everybody who waits by now asks alone, and hears soon how it stands.
            questions.clear();
            while asked.try_recv().is_ok() {}
            // Closed without a word, because its server may not be listening: nothing half-asked goes
            // back to the pool.
            drop(kept.take().map(|kept| kept.connection.detach()));
        }
    }
}

async fn answer(
    connection: &mut PoolConnection<Postgres>,
    questions: &mut Vec<Question>,
    judge: &Judge,
) -> sqlx::Result<()> {
    let store_ids: Vec<String> = questions.iter().map(|question| question.store_id.clone()).collect();
    let found = judge.ask(connection, &store_ids).await?;
    for Question { store_id, answer } in questions.drain(..) {
        // A visitor who hung up needs no answer.
        answer.send(found.get(&store_id).cloned()).ok();
    }
    Ok(())
}
