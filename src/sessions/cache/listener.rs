//! Hears from `PostgreSQL` whose sessions changed (migration `authn_session_changes`).
//!
//! A connection that was cut says nothing, so silence proves nothing. While visitors come, the server is
//! asked for a sign of life on the same connection every [`EVERY`]. It answers behind every change that was
//! committed before it was asked, and for a moment what is remembered may be believed (see [`super::memory`]).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{Acquire as _, PgPool, postgres::PgListener};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, sleep_until, timeout},
};
use uuid::Uuid;

use super::memory::Memory;
use crate::{
    db,
    types::{Entropy, UserId},
};

/// Where changes are told.
pub(super) const CHANNEL: &str = "vestibule_sessions";
/// How often the server is asked for a sign of life.
const EVERY: Duration = Duration::from_millis(50);
/// A server that takes longer for it is away.
const BEAT_WITHIN: Duration = Duration::from_secs(1);
/// How long it may take to connect, and then a word of our own from one connection to another.
const CONNECTED_WITHIN: Duration = Duration::from_secs(3);
const ECHO_WITHIN: Duration = Duration::from_secs(2);
/// How soon it is tried again after the connection was lost.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Somebody who waits until everything that is committed by now has been heard.
pub(super) type Waiting = oneshot::Sender<()>;

/// Why nothing is heard.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the connection was closed")]
    Closed,
    #[error("the server gives no sign of life")]
    Silent,
    #[error("another server of the database takes writes now")]
    Moved,
    #[error(
        "what is told on one connection is not heard on another: is there a pooler in between, in transaction mode?"
    )]
    NoEcho,
}

/// Listens until nobody can ask any more.
pub(super) async fn run(db: PgPool, memory: Arc<Memory>, mut asked: mpsc::UnboundedReceiver<Waiting>) {
    let mut warned = false;
    loop {
        let server = db.connect_options();
        let lost = match connect(&db).await {
            Ok(mut listener) => {
                memory.listening();
                if std::mem::take(&mut warned) {
                    tracing::info!("session checks are answered from memory again");
                }
                let followed =
                    follow(&mut listener, &memory, &mut asked, || Arc::ptr_eq(&server, &db.connect_options())).await;
                memory.deaf();
                match followed {
                    Ok(()) => return,
                    Err(lost) => lost,
                }
            }
            Err(lost) => lost,
        };
        if !std::mem::replace(&mut warned, true) {
            tracing::warn!(error = %lost, "changes of sessions are not heard; each check asks the database");
        }
        if !rest(&mut asked).await {
            return;
        }
    }
}

/// A connection on which every change from now on is heard. It and the one that tries it are not of the
/// service's pool, where a connection that was cut silently would hold its place.
async fn connect(db: &PgPool) -> Result<PgListener, Lost> {
    let connected = async {
        let (ear, mouth) = (db::beside(db), db::beside(db));
        let mut listener = PgListener::connect_with(&ear).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        // Behind a pooler that lends connections by the transaction, nothing would ever be heard.
        let word = Entropy.uuid().to_string();
        sqlx::query!("select pg_notify($1, $2)", CHANNEL, word).execute(&mouth).await?;
        Ok::<_, sqlx::Error>((listener, word))
    };
    let (mut listener, word) = timeout(CONNECTED_WITHIN, connected).await.map_err(|_| Lost::Silent)??;
    let echo = async {
        loop {
            match listener.try_recv().await? {
                Some(told) if told.payload() == word => return Ok(()),
                Some(_) => {}
                None => return Err(Lost::Closed),
            }
        }
    };
    timeout(ECHO_WITHIN, echo).await.map_err(|_| Lost::NoEcho)??;
    Ok(listener)
}

/// Hears changes until the connection is lost or the service writes elsewhere, or, with `Ok`, until nobody
/// can ask any more.
async fn follow(
    listener: &mut PgListener,
    memory: &Memory,
    asked: &mut mpsc::UnboundedReceiver<Waiting>,
    stays: impl Fn() -> bool,
) -> Result<(), Lost> {
    // Whoever asked before this connection was there has said so and will not say it again.
    let (mut wanted, mut next) = (true, tokio::time::Instant::now());
    loop {
        if !stays() {
            return Err(Lost::Moved);
        }
        tokio::select! {
            told = listener.try_recv() => match told? {
                Some(told) => note(memory, told.payload()),
                None => return Err(Lost::Closed),
            },
            waiting = asked.recv() => {
                let Some(waiting) = waiting else { return Ok(()) };
                let mut all = vec![waiting];
                while let Ok(waiting) = asked.try_recv() {
                    all.push(waiting);
                }
                let beaten = beat(listener, memory).await;
                if beaten.is_err() || !stays() {
                    // Before those who wait learn of it.
                    memory.deaf();
                }
                for waiting in all {
                    waiting.send(()).ok();
                }
                beaten?;
            },
            () = memory.wanted(), if !wanted => wanted = true,
            () = sleep_until(next), if wanted => {
                wanted = false;
                memory.rest();
                beat(listener, memory).await?;
                next = tokio::time::Instant::now() + EVERY;
            }
        }
    }
}

/// One round trip. What was committed before it is told before it ends: whoever commits has signalled
/// this connection's server process by then, and that tells before it is ready for another question.
async fn beat(listener: &mut PgListener, memory: &Memory) -> Result<(), Lost> {
    let sent = Instant::now();
    let answered = timeout(BEAT_WITHIN, async { db::takes_writes(listener.acquire().await?).await });
    // One that only reads was the primary, and another tells what changes now.
    if !answered.await.map_err(|_| Lost::Silent)?? {
        return Err(Lost::Moved);
    }
    while let Some(told) = listener.next_buffered() {
        note(memory, told.payload());
    }
    memory.believe(sent);
    Ok(())
}

/// Our own words are no account's id, and are forgotten about like an account nobody has.
fn note(memory: &Memory, told: &str) {
    match told.parse::<Uuid>() {
        Ok(user_id) => memory.forget(UserId(user_id)),
        // An operator's `notify vestibule_sessions, 'all'`.
        Err(_) => memory.forget_all(),
    }
}

/// Waits before the next try, and holds nobody up; false when nobody can ask any more.
async fn rest(asked: &mut mpsc::UnboundedReceiver<Waiting>) -> bool {
    let again = sleep(AGAIN_AFTER);
    tokio::pin!(again);
    loop {
        tokio::select! {
            () = &mut again => return true,
            waiting = asked.recv() => if waiting.is_none() { return false },
        }
    }
}
