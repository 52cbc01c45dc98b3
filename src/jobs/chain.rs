//! Maintains the audit chain: links committed events, prunes expired ones, and logs the head of the chain. Someone who
//! can change the database cannot change the log.
//!
//! Every replica runs this job; each small transaction locks the chain.

use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tokio::{sync::watch, time::sleep};

use super::within;
use crate::{
    audit::{self, Head, Linked, Pruned},
    http::server::stopping,
    state::AppState,
    types::instant,
};

/// Interval between rounds: the longest that an event waits for its link, unless the job is behind.
const EVERY: Duration = Duration::from_secs(1);
/// How long a round may take.
const WITHIN: Duration = Duration::from_secs(30);
/// How often the head is logged.
const HEAD_EVERY: Duration = Duration::from_secs(60 * 60);
/// How often events are pruned.
const PRUNE_EVERY: Duration = Duration::from_secs(300);

/// Maintains the chain until `stop` is true.
pub async fn run(state: AppState, mut stop: watch::Receiver<bool>) {
    let mut keeper = Keeper { logged: None, pruned_at: instant(), failing: false };
    loop {
        tokio::select! {
            () = stopping(&mut stop) => return,
            () = sleep(EVERY) => {}
        }
        let done = tokio::select! {
            // PostgreSQL completes an unfinished round's statement, or rolls it back.
            () = stopping(&mut stop) => return,
            done = within(&state, WITHIN, keeper.round(&state)) => done,
        };
        let too_long = || Some("a round took too long".to_owned());
        let failed = done.map_or_else(too_long, |done| done.err().map(|error| error.to_string()));
        keeper.log(failed.as_deref());
    }
}

/// One replica's state between rounds.
#[derive(Debug)]
struct Keeper {
    /// The head that was logged last, and when.
    logged: Option<(Instant, Head)>,
    pruned_at: Instant,
    failing: bool,
}

impl Keeper {
    async fn round(&mut self, state: &AppState) -> sqlx::Result<()> {
        let mut connection = state.db.acquire().await?;
        audit::close_tallies(&mut connection).await?;
        while let Linked::Some(_) = audit::link_next(&mut connection, &state.keys.audit).await? {}
        if self.pruned_at.elapsed() >= PRUNE_EVERY {
            self.prune(&mut connection, state).await?;
        }
        if self.logged.is_none_or(|(at, _)| at.elapsed() >= HEAD_EVERY) {
            self.log_head(&mut connection).await?;
        }
        Ok(())
    }

    async fn prune(&mut self, connection: &mut PgConnection, state: &AppState) -> sqlx::Result<()> {
        match audit::prune_next(connection, &state.keys.audit).await? {
            // More may be due; prune one batch per round, so that linking is not delayed.
            Pruned::Some(events) => {
                tracing::info!(events, "pruned the audit log");
                return Ok(());
            }
            Pruned::Refused(fault) => {
                tracing::error!(event = "audit_broken", %fault, "audit log does not verify; nothing was pruned");
            }
            Pruned::Nothing | Pruned::Busy => {}
        }
        self.pruned_at = instant();
        Ok(())
    }

    async fn log_head(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        if let Some((_, before)) = self.logged
            && !audit::holds(connection, before).await?
        {
            tracing::error!(event = "audit_broken", head = %before, "audit log no longer contains its last logged head");
        }
        // None before the first event.
        if let Some(head) = audit::head(connection).await? {
            tracing::info!(event = "audit_head", %head);
            self.logged = Some((instant(), head));
        }
        Ok(())
    }

    /// Logs a failure and its recovery, once each.
    fn log(&mut self, failed: Option<&str>) {
        match failed {
            Some(error) if !self.failing => tracing::warn!(error, "cannot link the audit log; retrying"),
            None if self.failing => tracing::info!("audit log is linked again"),
            _ => {}
        }
        self.failing = failed.is_some();
    }
}
