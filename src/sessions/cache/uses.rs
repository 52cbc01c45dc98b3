//! Notes that sessions are in use: many of them in one statement, a moment later.

use std::{collections::HashSet, time::Duration};

use sqlx::PgPool;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

use crate::{config::Lifetimes, sessions, types::SessionId};

/// For how long uses are gathered.
const GATHERED: Duration = Duration::from_secs(1);
/// A statement that takes longer has met a silent network.
const NOTED_WITHIN: Duration = Duration::from_secs(6);
/// The most sessions in one statement.
const TOGETHER: usize = 1000;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Use {
    /// This session is in use.
    Of(SessionId),
    /// Do not wait for more; dropped when it is done.
    Now(oneshot::Sender<()>),
}

/// Notes uses until nobody can send any. A statement that fails loses nothing that counts: a session that
/// is still in use says so again within seconds.
pub(super) async fn run(db: PgPool, lifetimes: Lifetimes, mut uses: mpsc::UnboundedReceiver<Use>) {
    while let Some(first) = uses.recv().await {
        let (mut due, mut waiting) = (HashSet::new(), Vec::new());
        let until = Instant::now() + GATHERED;
        let mut next = Some(first);
        while let Some(used) = next {
            match used {
                Use::Of(session) => drop(due.insert(session)),
                Use::Now(done) => waiting.push(done),
            }
            if due.len() >= TOGETHER {
                break;
            }
            next = if waiting.is_empty() {
                timeout_at(until, uses.recv()).await.ok().flatten()
            } else {
                uses.try_recv().ok()
            };
        }
        if due.is_empty() {
            continue;
        }
        let due: Vec<SessionId> = due.into_iter().collect();
        if let Err(error) = note(&db, &due, &lifetimes).await {
            tracing::warn!(%error, "could not note that sessions are in use");
        }
    }
}

async fn note(db: &PgPool, due: &[SessionId], lifetimes: &Lifetimes) -> sqlx::Result<()> {
    let mut connection = db.acquire().await?;
    if let Ok(noted) = timeout(NOTED_WITHIN, sessions::touch(&mut connection, due, lifetimes)).await {
        return noted;
    }
    // Closed without a word, because its server may not be listening.
    drop(connection.detach());
    Err(sqlx::Error::PoolTimedOut)
}
