//! Updates the last use of sessions in the background, many per statement.

use std::{collections::HashSet, time::Duration};

use sqlx::PgPool;
use tokio::{
    sync::{mpsc, oneshot},
    time::{timeout, timeout_at},
};

use crate::{
    config::Lifetimes,
    db, sessions,
    types::{SessionId, instant},
};

/// How long uses are collected for one statement.
const COLLECT_FOR: Duration = Duration::from_secs(1);
/// Timeout of the statement; a slower one means a dead connection.
const UPDATE_TIMEOUT: Duration = Duration::from_secs(6);
/// Maximum batch size.
const BATCH_MAX: usize = 1000;

/// A message to the task.
#[derive(Debug)]
pub(super) enum Use {
    /// A session was used.
    Of(SessionId),
    /// Flush now; dropped when done.
    Now(oneshot::Sender<()>),
}

/// Runs until every sender is dropped. A failed statement loses nothing important: a session in use reports its next
/// use within seconds.
pub(super) async fn run(db: PgPool, lifetimes: Lifetimes, mut uses: mpsc::UnboundedReceiver<Use>) {
    while let Some(first) = uses.recv().await {
        let (mut due, mut waiting) = (HashSet::new(), Vec::new());
        let until = instant() + COLLECT_FOR;
        let mut next = Some(first);
        while let Some(used) = next {
            match used {
                Use::Of(session) => drop(due.insert(session)),
                Use::Now(done) => waiting.push(done),
            }
            if due.len() >= BATCH_MAX {
                break;
            }
            next = if waiting.is_empty() {
                timeout_at(until.into(), uses.recv()).await.ok().flatten()
            } else {
                uses.try_recv().ok()
            };
        }
        if due.is_empty() {
            continue;
        }
        let due: Vec<SessionId> = due.into_iter().collect();
        if let Err(error) = note(&db, &due, &lifetimes).await {
            let error = db::without_values(&error);
            tracing::warn!(error, "could not update the last use of sessions; idle timeouts may come early");
        }
    }
}

async fn note(db: &PgPool, due: &[SessionId], lifetimes: &Lifetimes) -> sqlx::Result<()> {
    let mut connection = db.acquire().await?;
    if let Ok(noted) = timeout(UPDATE_TIMEOUT, sessions::touch(&mut connection, due, lifetimes)).await {
        return noted;
    }
    // Drops the connection without `Terminate`, because its server may be unreachable.
    drop(connection.detach());
    Err(sqlx::Error::PoolTimedOut)
}
