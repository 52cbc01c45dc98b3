//! One statement for everybody who asks the same thing at the same time.
//!
//! Questions have a connection to themselves while requests keep coming: they wait behind no sign-in, and nothing
//! is asked to check the connection in between (`sqlx` makes one more round trip for each use of its pool).
//! Whoever comes while a statement runs is asked for in the next, together with all others: nobody waits for
//! company, and the busier the service is the less each one costs.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    hash::Hash,
    sync::Arc,
    time::Duration,
};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

/// The most questions in one statement.
const TOGETHER: usize = 64;
/// Without a question for this long the connection is everybody's again.
const RESTS_AFTER: Duration = Duration::from_millis(500);
/// A connection is given back now and then, so that the pool can replace it when it is old.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// A pool that has no connection for this long is left to those who ask alone.
const CONNECTED_WITHIN: Duration = Duration::from_millis(500);
/// A statement that takes longer has met a silent network or a locked table; everybody in it asks alone.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// A statement that answers many questions.
pub trait Ask: Send + Sync + 'static {
    /// What is asked.
    type Question: Clone + Eq + Hash + Send + Sync + 'static;
    /// What is answered.
    type Answer: Clone + Send + 'static;

    /// The answers to questions that differ, by question; none to what there is nothing to say of.
    ///
    /// # Errors
    /// Only the database's.
    fn ask(
        &self,
        connection: &mut PgConnection,
        questions: &[Self::Question],
    ) -> impl Future<Output = sqlx::Result<HashMap<Self::Question, Self::Answer>>> + Send;
}

/// Asks for many. Cheap to clone; its task ends with the last clone.
pub struct Together<A: Ask> {
    db: PgPool,
    asks: Arc<A>,
    questions: mpsc::UnboundedSender<Asked<A>>,
}

struct Asked<A: Ask> {
    question: A::Question,
    answer: oneshot::Sender<Option<A::Answer>>,
}

impl<A: Ask> Clone for Together<A> {
    fn clone(&self) -> Self {
        Self { db: self.db.clone(), asks: Arc::clone(&self.asks), questions: self.questions.clone() }
    }
}

impl<A: Ask> fmt::Debug for Together<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Together")
    }
}

impl<A: Ask> Together<A> {
    /// Starts the task that asks. Must be called on a runtime.
    #[must_use]
    pub fn start(db: PgPool, asks: A) -> Self {
        let (questions, asked) = mpsc::unbounded_channel();
        let asks = Arc::new(asks);
        tokio::spawn(answer_all(db.clone(), Arc::clone(&asks), asked));
        Self { db, asks, questions }
    }

    /// The answer to a question.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn answer(&self, question: A::Question) -> sqlx::Result<Option<A::Answer>> {
        let (answer, answered) = oneshot::channel();
        if self.questions.send(Asked { question: question.clone(), answer }).is_ok()
            && let Ok(answer) = answered.await
        {
            return Ok(answer);
        }
        // What went wrong for many is found out by each for itself, on another connection.
        let mut connection = self.db.acquire().await?;
        Ok(self.asks.ask(&mut connection, &[question]).await?.into_values().next())
    }
}

/// The connection that questions have to themselves.
struct Kept {
    connection: PoolConnection<Postgres>,
    since: Instant,
    /// Whoever takes writes may be another one later; then this one is not asked any more.
    server: Arc<PgConnectOptions>,
}

/// Dropping a question unanswered makes whoever asked it ask alone.
async fn answer_all<A: Ask>(db: PgPool, asks: Arc<A>, mut asked: mpsc::UnboundedReceiver<Asked<A>>) {
    let mut waiting = Vec::with_capacity(TOGETHER);
    let mut kept: Option<Kept> = None;
    loop {
        let more = asked.recv_many(&mut waiting, TOGETHER);
        let count = match timeout(RESTS_AFTER, more).await {
            Ok(count) => count,
            Err(_) if kept.is_some() => {
                kept = None;
                continue;
            }
            Err(_) => asked.recv_many(&mut waiting, TOGETHER).await,
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
            Some(kept) => timeout(ANSWERED_WITHIN, answer(&mut kept.connection, &mut waiting, &*asks)).await,
            None => Ok(Err(sqlx::Error::PoolTimedOut)),
        };
        if !matches!(answered, Ok(Ok(()))) {
            // Everybody who waits by now asks alone, and hears soon how it stands.
            waiting.clear();
            while asked.try_recv().is_ok() {}
            // Closed without a word, because its server may not be listening: nothing half-asked goes
            // back to the pool.
            drop(kept.take().map(|kept| kept.connection.detach()));
        }
    }
}

async fn answer<A: Ask>(connection: &mut PgConnection, waiting: &mut Vec<Asked<A>>, asks: &A) -> sqlx::Result<()> {
    // Each once, however many ask it.
    let questions: HashSet<A::Question> = waiting.iter().map(|asked| asked.question.clone()).collect();
    let found = asks.ask(connection, &Vec::from_iter(questions)).await?;
    for Asked { question, answer } in waiting.drain(..) {
        // Whoever hung up needs no answer.
        answer.send(found.get(&question).cloned()).ok();
    }
    Ok(())
}
