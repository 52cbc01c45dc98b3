//! The mail job: sends the emails that wait in the outbox.
//!
//! 1. Every replica claims emails that no other has, a few at a time, and delivers each in a task of its own
//!    ([`delivery`]). A claim is a lease: an email whose replica died is claimed again.
//! 2. An email that was not accepted is retried, later each time. While the mail server itself fails, one email at a
//!    time probes it, with growing pauses: it is not hammered, and the others are sent soon after it recovers.
//! 3. An email that can never arrive, or is too late to be worth sending, is dropped with one line in the log that
//!    says which and why, and never to whom.
//! 4. No database connection is held while a mail server talks.
//! 5. An email that anyone can request waits for a random time, and where there is nothing to send, it is rehearsed: the
//!    same statements, the same template and a connection to the mail server, all without a trace. So neither what a
//!    visitor asks right after nor anything later tells who has an account.

mod delivery;
pub(super) mod patience;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::PgConnection;
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
    time::{sleep, timeout},
};

use self::{
    delivery::{Delivery, ServerState, Slots},
    patience::{around, growing},
};
use super::within;
use crate::{
    db,
    http::server::stopping,
    mail::{WAITING_MAX, outbox},
    state::AppState,
    telemetry,
    types::instant,
    web::{Slice, email::EmailSpec},
};

pub use self::patience::Patience;

/// How many emails a replica holds: while some are with the mail server, others are rendered or settled.
const CLAIMED: usize = 16;
/// How long the database may take to say which are due.
const POLL_WITHIN: Duration = Duration::from_secs(5);
/// Expired emails are dropped once in so many polls.
const EXPIRE_EVERY: u32 = 60;

/// Sends the email of these slices until `stop` says true, then finishes what is being sent.
pub async fn run(state: AppState, slices: &[&'static Slice], patience: Patience, mut stop: watch::Receiver<bool>) {
    let mut sender = Sender::new(state.clone(), slices, patience);
    let mut woken = true;
    loop {
        let polled = within(&state, POLL_WITHIN, sender.poll(woken)).await;
        sender.note_database(polled.unwrap_or(Err(sqlx::Error::PoolTimedOut)).err());
        woken = tokio::select! {
            () = stopping(&mut stop) => break,
            Some(delivered) = sender.deliveries.join_next() => {
                sender.note_server(delivered);
                false
            }
            () = state.mailer.woken() => true,
            () = sleep(patience.look) => true,
        };
    }
    sender.finish().await;
}

/// One replica's sender.
struct Sender {
    state: AppState,
    specs: Vec<&'static EmailSpec>,
    /// The codes of all kinds that this version can render.
    known: Vec<String>,
    patience: Patience,
    deliveries: JoinSet<ServerState>,
    slots: Arc<Slots>,
    /// How often in a row the mail server failed.
    failures: u32,
    paused_until: Instant,
    maintained_at: Option<Instant>,
    rounds: u32,
    database_down: bool,
}

impl Sender {
    fn new(state: AppState, slices: &[&'static Slice], patience: Patience) -> Self {
        let specs: Vec<&EmailSpec> = slices.iter().flat_map(|slice| slice.emails).collect();
        Self {
            known: specs.iter().map(|spec| spec.kind.code.to_owned()).collect(),
            specs,
            patience,
            deliveries: JoinSet::new(),
            slots: Arc::new(Slots::new(state.config.database.connections)),
            failures: 0,
            paused_until: instant(),
            maintained_at: None,
            rounds: 0,
            database_down: false,
            state,
        }
    }

    /// Claims emails that are due and starts their delivery; does the maintenance when it is time.
    async fn poll(&mut self, woken: bool) -> sqlx::Result<()> {
        let most = if self.failures > 0 { 1 } else { CLAIMED };
        let free = most.saturating_sub(self.deliveries.len());
        // Several at once take fewer statements, but an email that has just been queued does not wait for others.
        let worth_it = free > 0 && (woken || free * 2 >= most);
        let may_claim = worth_it && instant() >= self.paused_until;
        let must_maintain = self.maintained_at.is_none_or(|at| at.elapsed() >= self.patience.look);
        if !may_claim && !must_maintain {
            return Ok(());
        }
        let mut connection = self.state.db.acquire().await?;
        if must_maintain {
            self.maintained_at = Some(instant());
            self.maintain(&mut connection).await?;
        }
        if may_claim {
            let Patience { lease, earlier, .. } = self.patience;
            let due = outbox::claim(&mut connection, &self.known, free, lease, earlier).await?;
            for email in due {
                let Some(spec) = self.specs.iter().find(|spec| spec.kind.code == email.kind) else { continue };
                let (state, slots) = (self.state.clone(), Arc::clone(&self.slots));
                // One alone probes whether the server has recovered.
                let delivery = Delivery { state, email, spec, patience: self.patience, slots, is_probe: most == 1 };
                self.deliveries.spawn(delivery.run());
            }
        }
        Ok(())
    }

    /// Counts the emails that wait, drops the expired ones, and closes idle connections to the mail server.
    async fn maintain(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let waiting = outbox::count(connection, WAITING_MAX).await?;
        self.state.mailer.note_waiting(waiting);
        self.state.metrics.emails_waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        if self.rounds.is_multiple_of(EXPIRE_EVERY) {
            for (id, kind) in outbox::drop_expired(connection).await? {
                self.state.metrics.email("dropped");
                tracing::warn!(kind, %id, reason = "expired", "email dropped");
            }
        }
        self.rounds = self.rounds.wrapping_add(1);
        let state = self.state.clone();
        telemetry::spawn("idle mail connections", async move { state.mailer.let_go(false).await });
        Ok(())
    }

    /// Logs once that the database is down, and once that it is back.
    fn note_database(&mut self, failed: Option<sqlx::Error>) {
        let was_down = std::mem::replace(&mut self.database_down, failed.is_some());
        match failed {
            Some(error) if !was_down => {
                tracing::warn!(error = db::without_values(&error), "mail job cannot read the outbox; retrying");
            }
            None if was_down => tracing::info!("mail job reads the outbox again"),
            _ => {}
        }
    }

    fn note_server(&mut self, delivered: Result<ServerState, JoinError>) {
        match delivered {
            Ok(ServerState::Healthy) => self.failures = 0,
            // Of several that fail together only the first is news.
            Ok(ServerState::Failing) if instant() >= self.paused_until => {
                self.failures = self.failures.saturating_add(1);
                let pause = growing(self.patience.first_pause, self.failures, self.patience.longest_pause);
                self.paused_until = instant() + around(pause);
            }
            Err(error) if error.is_panic() => tracing::error!("email delivery panicked; retrying later"),
            _ => {}
        }
    }

    async fn finish(mut self) {
        let finishing = async { while self.deliveries.join_next().await.is_some() {} };
        if timeout(self.patience.finish, finishing).await.is_err() {
            let emails = self.deliveries.len();
            tracing::warn!(emails, "mail server is too slow for the stop; these emails are sent later");
        }
        self.deliveries.shutdown().await;
        timeout(Duration::from_secs(1), self.state.mailer.let_go(true)).await.ok();
    }
}
