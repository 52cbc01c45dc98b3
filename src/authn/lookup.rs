//! Who is signed in, asked for many visitors at once.
//!
//! Every request with a session asks this, so it has a connection to itself while requests keep
//! coming: it waits behind no sign-in, and nothing is asked to check the connection in between
//! (`sqlx` makes one more round trip for each use of its pool). Visitors who come while a statement
//! runs are asked for together in the next: nobody waits for company, and the busier the service is
//! the less each one costs. Every answer is `PostgreSQL`'s own, from after the visitor came.

use std::{collections::HashMap, time::Duration};

use sqlx::{PgPool, Postgres, pool::PoolConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use super::sessions::{self, LiveSession};
use crate::accounts::Role;

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

/// Asks for visitors. Cheap to clone; its task ends with the last clone.
#[derive(Clone, Debug)]
pub struct Lookup {
    questions: mpsc::UnboundedSender<Question>,
    db: PgPool,
    need_second_factor: &'static [Role],
}

#[derive(Debug)]
struct Question {
    store_id: String,
    answer: oneshot::Sender<Option<LiveSession>>,
}

impl Lookup {
    /// Starts the task that asks. Must be called on a runtime. Accounts of those roles have to have a
    /// second factor.
    #[must_use]
    pub fn start(db: PgPool, need_second_factor: &'static [Role]) -> Self {
        let (questions, asked) = mpsc::unbounded_channel();
        tokio::spawn(answer_all(db.clone(), asked, need_second_factor));
        Self { questions, db, need_second_factor }
    }

    /// Tells who is signed in under the digest of a cookie.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn find(&self, store_id: String) -> sqlx::Result<Option<LiveSession>> {
        let (answer, answered) = oneshot::channel();
        if self.questions.send(Question { store_id: store_id.clone(), answer }).is_ok()
            && let Ok(found) = answered.await
        {
            return Ok(found);
        }
        // What went wrong for many is found out by each for itself, on another connection.
        let mut connection = self.db.acquire().await?;
        Ok(sessions::find_live(&mut connection, &[store_id], self.need_second_factor)
            .await?
            .pop()
            .map(|(_, live)| live))
    }
}

/// Dropping a question unanswered makes its visitor ask alone.
async fn answer_all(db: PgPool, mut asked: mpsc::UnboundedReceiver<Question>, need_second_factor: &'static [Role]) {
    let mut questions = Vec::with_capacity(TOGETHER);
    let mut kept: Option<(PoolConnection<Postgres>, Instant)> = None;
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
        kept = kept.filter(|(_, since)| since.elapsed() < KEPT_FOR);
        if kept.is_none() {
            let connection = timeout(CONNECTED_WITHIN, db.acquire()).await.ok().and_then(Result::ok);
            kept = connection.map(|connection| (connection, Instant::now()));
        }
        let answered = match &mut kept {
            Some((connection, _)) => {
                timeout(ANSWERED_WITHIN, answer(connection, &mut questions, need_second_factor)).await
            }
            None => Ok(Err(sqlx::Error::PoolTimedOut)),
        };
        if !matches!(answered, Ok(Ok(()))) {
            // Everybody who waits by now asks alone, and hears soon how it stands.
            questions.clear();
            while asked.try_recv().is_ok() {}
            // Closed without a word, because its server may not be listening: nothing half-asked goes
            // back to the pool.
            drop(kept.take().map(|(connection, _)| connection.detach()));
        }
    }
}

async fn answer(
    connection: &mut PoolConnection<Postgres>,
    questions: &mut Vec<Question>,
    need_second_factor: &[Role],
) -> sqlx::Result<()> {
    let store_ids: Vec<String> = questions.iter().map(|question| question.store_id.clone()).collect();
    let found = sessions::find_live(connection, &store_ids, need_second_factor).await?;
    let found: HashMap<String, LiveSession> = found.into_iter().collect();
    for Question { store_id, answer } in questions.drain(..) {
        // A visitor who hung up needs no answer.
        answer.send(found.get(&store_id).cloned()).ok();
    }
    Ok(())
}
