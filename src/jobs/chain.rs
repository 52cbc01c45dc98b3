//! Looks after the audit trail: links what was committed, removes what is kept no longer, and tells the
//! head of the chain to the log, which is out of reach for whoever changes the database.
//!
//! Every replica runs it; who works on the chain holds its lock for one small transaction.

use std::{pin::pin, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{
    audit::{self, Head, Linked, Pruned},
    http::server::stopping,
    state::AppState,
};

/// How long an event waits for its link at most, while the service runs and is not behind.
const EVERY: Duration = Duration::from_secs(1);
/// How long one round may take before the next one tries.
const WITHIN: Duration = Duration::from_secs(30);
/// How often the head is logged.
const HEAD_EVERY: Duration = Duration::from_secs(60 * 60);
/// How often events are looked for that are kept no longer.
const PRUNE_EVERY: Duration = Duration::from_secs(300);

/// Looks after the chain until `stop` says true.
pub async fn run(state: AppState, mut stop: watch::Receiver<bool>) {
    let mut keeper = Keeper { head_told: None, pruned: Instant::now(), in_trouble: false };
    loop {
        tokio::select! {
            () = stopping(&mut stop) => return,
            () = sleep(EVERY) => {}
        }
        let done = {
            let mut round = pin!(timeout(WITHIN, keeper.round(&state)));
            tokio::select! {
                () = stopping(&mut stop) => None,
                done = &mut round => {
                    if done.is_err() {
                        // Before the connection goes back in the middle of a statement.
                        state.given_up.note();
                    }
                    Some(done)
                }
            }
        };
        let trouble = match done {
            // What was begun the database ends or takes back by itself.
            None => return,
            Some(Ok(Ok(()))) => None,
            Some(Ok(Err(error))) => Some(error.to_string()),
            Some(Err(_)) => Some("a round took too long".to_owned()),
        };
        keeper.tell(trouble.as_deref());
    }
}

/// What one replica remembers between rounds.
#[derive(Debug)]
struct Keeper {
    head_told: Option<(Instant, Head)>,
    pruned: Instant,
    in_trouble: bool,
}

impl Keeper {
    async fn round(&mut self, state: &AppState) -> sqlx::Result<()> {
        let mut connection = state.db.acquire().await?;
        while let Linked::Some(_) = audit::link_next(&mut connection, &state.keys.audit).await? {}
        if self.pruned.elapsed() >= PRUNE_EVERY {
            match audit::prune_next(&mut connection, &state.keys.audit).await? {
                // More may be due: one turn a round, so that nobody waits for a link meanwhile.
                Pruned::Some(events) => tracing::info!(events, "removed the oldest events of the audit trail"),
                Pruned::Refused(fault) => {
                    self.pruned = Instant::now();
                    tracing::error!(event = "audit_broken", %fault, "the audit trail does not verify; nothing was removed");
                }
                Pruned::Nothing | Pruned::Busy => self.pruned = Instant::now(),
            }
        }
        if self.head_told.is_none_or(|(at, _)| at.elapsed() >= HEAD_EVERY) {
            if let Some((_, before)) = self.head_told
                && !audit::holds(&mut connection, before).await?
            {
                tracing::error!(event = "audit_broken", head = %before, "the audit trail has lost a head that it had");
            }
            // None before the first event.
            if let Some(head) = audit::head(&mut connection).await? {
                tracing::info!(event = "audit_head", %head);
                self.head_told = Some((Instant::now(), head));
            }
        }
        Ok(())
    }

    /// Says once that something is wrong, until it is well again.
    fn tell(&mut self, trouble: Option<&str>) {
        match trouble {
            Some(trouble) if !self.in_trouble => tracing::warn!(trouble, "could not link the audit trail"),
            None if self.in_trouble => tracing::info!("the audit trail is linked again"),
            _ => {}
        }
        self.in_trouble = trouble.is_some();
    }
}
