//! Batches concurrent lookups of the same kind into one statement.
//!
//! While lookups keep coming, the batcher holds a dedicated connection: they do not queue behind sign-ins, and skip the
//! round trip with which `sqlx` checks a pooled connection. Lookups that arrive while a statement runs share the next
//! one, so the cost per lookup falls as the load rises.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    hash::Hash,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{telemetry, types::instant};

/// Maximum batch size.
const BATCH_MAX: usize = 64;
/// The connection returns to the pool when idle for this long.
const IDLE_TIMEOUT: Duration = Duration::from_millis(500);
/// The connection returns to the pool after this long, so that the pool can apply its maximum lifetime.
const HOLD_MAX: Duration = Duration::from_secs(60);
/// If the pool has no connection for this long, each caller queries alone.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(500);
/// A slower statement met a silent network or a locked table; each caller then queries alone.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);

/// A statement that answers many questions at once.
pub trait BatchQuery: Send + Sync + 'static {
    /// The lookup key.
    type Question: Clone + Eq + Hash + Send + Sync + 'static;
    /// The result.
    type Answer: Clone + Send + 'static;

    /// Answers distinct questions; questions without a result are absent from the map.
    fn ask(
        &self,
        connection: &mut PgConnection,
        questions: &[Self::Question],
    ) -> impl Future<Output = sqlx::Result<HashMap<Self::Question, Self::Answer>>> + Send;
}

/// Batches questions. Cheap to clone; its task ends with the last clone.
pub struct Batcher<A: BatchQuery> {
    db: PgPool,
    asks: Arc<A>,
    questions: mpsc::UnboundedSender<Asked<A>>,
}

struct Asked<A: BatchQuery> {
    question: A::Question,
    answer: oneshot::Sender<Option<A::Answer>>,
}

impl<A: BatchQuery> Clone for Batcher<A> {
    fn clone(&self) -> Self {
        Self { db: self.db.clone(), asks: Arc::clone(&self.asks), questions: self.questions.clone() }
    }
}

impl<A: BatchQuery> fmt::Debug for Batcher<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Batcher")
    }
}

impl<A: BatchQuery> Batcher<A> {
    /// Starts the batching task. Must be called on a runtime.
    pub fn start(db: PgPool, asks: A) -> Self {
        let (questions, asked) = mpsc::unbounded_channel();
        let asks = Arc::new(asks);
        telemetry::spawn("query batches", answer_all(db.clone(), Arc::clone(&asks), asked));
        Self { db, asks, questions }
    }

    /// Answers a question.
    pub async fn answer(&self, question: A::Question) -> sqlx::Result<Option<A::Answer>> {
        let (answer, answered) = oneshot::channel();
        if self.questions.send(Asked { question: question.clone(), answer }).is_ok()
            && let Ok(answer) = answered.await
        {
            return Ok(answer);
        }
        // After a failed batch, each caller queries alone on another connection and gets its own error.
        let mut connection = self.db.acquire().await?;
        Ok(self.asks.ask(&mut connection, &[question]).await?.into_values().next())
    }
}

/// The batcher's connection.
struct Held {
    connection: PoolConnection<Postgres>,
    since: Instant,
    /// The server it belongs to; after a failover the pool has another, and this connection is dropped.
    server: Arc<PgConnectOptions>,
}

/// Runs batches. A question dropped unanswered makes its caller query alone.
async fn answer_all<A: BatchQuery>(db: PgPool, asks: Arc<A>, mut asked: mpsc::UnboundedReceiver<Asked<A>>) {
    let mut waiting = Vec::with_capacity(BATCH_MAX);
    let mut held: Option<Held> = None;
    loop {
        let more = asked.recv_many(&mut waiting, BATCH_MAX);
        let count = if let Ok(count) = timeout(IDLE_TIMEOUT, more).await {
            count
        } else {
            held = None;
            asked.recv_many(&mut waiting, BATCH_MAX).await
        };
        if count == 0 {
            // Every batcher was dropped.
            return;
        }
        let server = db.connect_options();
        held = held.filter(|held| held.since.elapsed() < HOLD_MAX && Arc::ptr_eq(&held.server, &server));
        if held.is_none() {
            let connection = timeout(ACQUIRE_TIMEOUT, db.acquire()).await.ok().and_then(Result::ok);
            held = connection.map(|connection| Held { connection, since: instant(), server });
        }
        let answered = match &mut held {
            Some(held) => timeout(QUERY_TIMEOUT, answer(&mut held.connection, &mut waiting, &*asks)).await,
            None => Ok(Err(sqlx::Error::PoolTimedOut)),
        };
        if !matches!(answered, Ok(Ok(()))) {
            // Everyone waiting now queries alone, and sees the database's state at once.
            waiting.clear();
            while asked.try_recv().is_ok() {}
            // Closed without a goodbye, because its server may be unreachable; a connection in an unknown state must
            // not return to the pool.
            drop(held.take().map(|held| held.connection.detach()));
        }
    }
}

async fn answer<A: BatchQuery>(
    connection: &mut PgConnection,
    waiting: &mut Vec<Asked<A>>,
    asks: &A,
) -> sqlx::Result<()> {
    // Deduplicates equal questions.
    let questions: HashSet<A::Question> = waiting.iter().map(|asked| asked.question.clone()).collect();
    let found = asks.ask(connection, &Vec::from_iter(questions)).await?;
    for Asked { question, answer } in waiting.drain(..) {
        // The caller may have gone away.
        answer.send(found.get(&question).cloned()).ok();
    }
    Ok(())
}
