//! The mail job: sends the emails that wait in the outbox.
//!
//! 1. Every replica claims unclaimed emails, a few at a time, and delivers each in a separate task ([`delivery`]). A
//!    claim is a lease: if the replica dies, another claims the email.
//! 2. An email that was not accepted is retried with growing delays. While the mail server itself fails, one email at a
//!    time probes it, with growing pauses. So the server is not hammered, and the others follow soon after it recovers.
//! 3. An email that is undeliverable or expired is dropped. One log line says which and why, but never to whom.
//! 4. No database connection is held during the SMTP conversation.
//! 5. An email that anyone can request is sent after a random delay. If there is nothing to send, the delivery is
//!    rehearsed: the same statements, the same template and a connection to the mail server, all rolled back. So the
//!    timing of later requests does not reveal who has an account.

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

/// Maximum number of claimed emails per replica: while some are being sent, others are rendered or settled.
const CLAIMED: usize = 16;
/// Timeout of a poll.
const POLL_WITHIN: Duration = Duration::from_secs(5);
/// Expired emails are dropped once in this many polls.
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
    /// The codes of the email kinds that this version can render.
    known: Vec<String>,
    patience: Patience,
    deliveries: JoinSet<ServerState>,
    slots: Arc<Slots>,
    /// Consecutive failures of the mail server.
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

    /// Claims due emails and starts their delivery. Runs the maintenance when it is due.
    async fn poll(&mut self, woken: bool) -> sqlx::Result<()> {
        let most = if self.failures > 0 { 1 } else { CLAIMED };
        let free = most.saturating_sub(self.deliveries.len());
        // Claiming several at once takes fewer statements, but a newly queued email does not wait for others.
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
                // A single email probes whether the server has recovered.
                let delivery = Delivery { state, email, spec, patience: self.patience, slots, is_probe: most == 1 };
                self.deliveries.spawn(delivery.run());
            }
        }
        Ok(())
    }

    /// Counts queued emails, drops expired ones, and closes idle connections to the mail server.
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

    /// Logs when the database goes down and when it recovers, once each.
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
            // Of several that fail together, only the first counts.
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
            tracing::warn!(emails, "shutdown did not wait for the mail server; emails are sent later");
        }
        self.deliveries.shutdown().await;
        timeout(Duration::from_secs(1), self.state.mailer.let_go(true)).await.ok();
    }
}
