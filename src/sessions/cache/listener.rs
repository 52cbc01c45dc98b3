//! Listens for session changes sent by `PostgreSQL`.
//!
//! A dead connection is silent, so silence proves nothing. While sessions are checked, the listener pings the server on
//! the same connection every [`HEARTBEAT`]. The reply follows every notification committed before the ping, and renews
//! the lease of the cache (see [`super::memory`]).

use std::{sync::Arc, time::Duration};

use sqlx::{Acquire as _, PgPool, postgres::PgListener};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, sleep_until, timeout},
};
use uuid::Uuid;

use super::memory::CachedSessions;
use crate::{
    db,
    types::{instant, random_uuid},
};

/// The notification channel.
pub(super) const CHANNEL: &str = "vestibule_sessions";
/// Interval between heartbeats.
const HEARTBEAT: Duration = Duration::from_millis(50);
/// Timeout of a heartbeat, after which the server counts as down.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeouts for connecting, and for receiving our own test notification.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ECHO_TIMEOUT: Duration = Duration::from_secs(2);
/// Delay before reconnecting.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);

/// A caller that waits until all committed changes are received.
pub(super) type Waiting = oneshot::Sender<()>;

/// Why the listener is down.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the connection was closed")]
    Closed,
    #[error("the server does not respond")]
    Silent,
    #[error("another server accepts writes now")]
    Moved,
    #[error("notifications do not arrive: is there a connection pooler in transaction mode?")]
    NoEcho,
}

/// Runs until every cache handle is dropped.
pub(super) async fn run(db: PgPool, cached: Arc<CachedSessions>, mut callers: mpsc::UnboundedReceiver<Waiting>) {
    let mut warned = false;
    loop {
        let server = db.connect_options();
        let lost = match connect(&db).await {
            Ok(mut listener) => {
                cached.connected();
                if std::mem::take(&mut warned) {
                    tracing::info!("session invalidation listener up; checking sessions from the cache again");
                }
                let followed =
                    follow(&mut listener, &cached, &mut callers, || Arc::ptr_eq(&server, &db.connect_options())).await;
                cached.disconnected();
                match followed {
                    Ok(()) => return,
                    Err(lost) => lost,
                }
            }
            Err(lost) => lost,
        };
        if !std::mem::replace(&mut warned, true) {
            tracing::warn!(error = %lost, "session invalidation listener down; checking every session in the database");
        }
        if !pause(&mut callers).await {
            return;
        }
    }
}

/// Opens a connection that receives every change from now on. It uses separate connections, because a silently dead one
/// would occupy a slot of the service's pool.
async fn connect(db: &PgPool) -> Result<PgListener, Lost> {
    let connected = async {
        let options = db.connect_options();
        let (receiver, sender) = (db::dedicated_pool(&options), db::dedicated_pool(&options));
        let mut listener = PgListener::connect_with(&receiver).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        // Behind a pooler in transaction mode, no notification would ever arrive.
        let nonce = random_uuid().to_string();
        sqlx::query!("select pg_notify($1, $2)", CHANNEL, nonce).execute(&sender).await?;
        Ok::<_, sqlx::Error>((listener, nonce))
    };
    let (mut listener, nonce) = timeout(CONNECT_TIMEOUT, connected).await.map_err(|_| Lost::Silent)??;
    let echo = async {
        loop {
            match listener.try_recv().await? {
                Some(notified) if notified.payload() == nonce => return Ok(()),
                Some(_) => {}
                None => return Err(Lost::Closed),
            }
        }
    };
    timeout(ECHO_TIMEOUT, echo).await.map_err(|_| Lost::NoEcho)??;
    Ok(listener)
}

/// Receives changes until the connection is lost or the pool moves to another server. Returns `Ok` once every cache
/// handle is dropped.
async fn follow(
    listener: &mut PgListener,
    cached: &CachedSessions,
    callers: &mut mpsc::UnboundedReceiver<Waiting>,
    same_server: impl Fn() -> bool,
) -> Result<(), Lost> {
    // Demand that arose before this connection was signalled then, and will not be signalled again.
    let (mut wanted, mut next) = (true, instant());
    loop {
        if !same_server() {
            return Err(Lost::Moved);
        }
        tokio::select! {
            notified = listener.try_recv() => match notified? {
                Some(notified) => note(cached, notified.payload()),
                None => return Err(Lost::Closed),
            },
            waiting = callers.recv() => {
                let Some(waiting) = waiting else { return Ok(()) };
                let mut all = vec![waiting];
                while let Ok(waiting) = callers.try_recv() {
                    all.push(waiting);
                }
                let alive = beat(listener, cached).await;
                if alive.is_err() || !same_server() {
                    // Clear the cache before releasing the callers.
                    cached.disconnected();
                }
                for waiting in all {
                    waiting.send(()).ok();
                }
                alive?;
            },
            () = cached.demand(), if !wanted => wanted = true,
            () = sleep_until(next.into()), if wanted => {
                wanted = false;
                cached.reset_demand();
                beat(listener, cached).await?;
                next = instant() + HEARTBEAT;
            }
        }
    }
}

/// Makes one round trip. Notifications committed before it arrive before its reply: a commit signals this connection's
/// backend, which sends them before it reads the next query.
async fn beat(listener: &mut PgListener, cached: &CachedSessions) -> Result<(), Lost> {
    let sent = instant();
    let answered = timeout(HEARTBEAT_TIMEOUT, async { db::takes_writes(listener.acquire().await?).await });
    // A read-only server was demoted; the new primary sends the notifications now.
    if !answered.await.map_err(|_| Lost::Silent)?? {
        return Err(Lost::Moved);
    }
    while let Some(notified) = listener.next_buffered() {
        note(cached, notified.payload());
    }
    cached.renew_lease(sent);
    Ok(())
}

/// Invalidates an account, or a grant without one. Our own test notification is a random UUID, which matches neither.
fn note(cached: &CachedSessions, payload: &str) {
    match payload.parse::<Uuid>() {
        Ok(id) => cached.invalidate(id),
        // An operator's `notify vestibule_sessions, 'all'`.
        Err(_) => cached.invalidate_all(),
    }
}

/// Waits before reconnecting, releasing callers meanwhile. Returns `false` once every cache handle is dropped.
async fn pause(callers: &mut mpsc::UnboundedReceiver<Waiting>) -> bool {
    let again = sleep(RECONNECT_DELAY);
    tokio::pin!(again);
    loop {
        tokio::select! {
            () = &mut again => return true,
            waiting = callers.recv() => if waiting.is_none() { return false },
        }
    }
}
