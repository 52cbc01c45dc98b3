//! Delivers one claimed email: renders it, sends it, and settles its row.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::patience::{Patience, around, growing};
use crate::{
    db,
    mail::{Failure, NotSent, QueuedEmail, RenderedEmail, dev_mailbox, outbox},
    state::AppState,
    types::now,
    web::{
        AppError,
        email::{self, EmailSpec, Rendered},
    },
};

/// Maximum number of concurrent sends per replica.
const SENDING: usize = 4;
/// Maximum number of concurrent renderings per replica; they use at most half of the database connections.
const RENDERING: usize = 8;
/// How long an email waits for a render slot, and then for a send slot, before it is released.
pub(super) const SLOT_WITHIN: Duration = Duration::from_secs(10);
/// Attempts to settle a row, a second apart; the lease must outlast them.
pub(super) const SETTLE_TRIES: u32 = 30;

/// What a delivery learned about the mail server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ServerState {
    /// It accepts email.
    Healthy,
    /// It accepts nothing.
    Failing,
    /// Unknown: it was not contacted, or stopped responding at a point where this email may be the cause.
    Unknown,
}

/// State shared by deliveries: render and send slots, and whether the mail server is failing.
pub(super) struct Slots {
    render: Semaphore,
    send: Semaphore,
    failing: AtomicBool,
}

impl Slots {
    pub(super) fn new(connections: u32) -> Self {
        let render = usize::try_from(connections / 2).unwrap_or(RENDERING);
        Self {
            render: Semaphore::new(render.clamp(1, RENDERING)),
            send: Semaphore::new(SENDING),
            failing: AtomicBool::new(false),
        }
    }
}

/// What to do with the row.
enum Row {
    Delete,
    Postpone(Duration),
    /// Nothing.
    Keep,
}

/// One delivery.
pub(super) struct Delivery {
    pub state: AppState,
    pub email: QueuedEmail,
    pub spec: &'static EmailSpec,
    pub patience: Patience,
    pub slots: Arc<Slots>,
    /// Whether it probes a failing server for recovery.
    pub is_probe: bool,
}

impl Delivery {
    /// Delivers the email. Returns the observed state of the mail server.
    pub(super) async fn run(self) -> ServerState {
        let (row, server) = self.deliver().await;
        self.settle(&row).await;
        server
    }

    async fn deliver(&self) -> (Row, ServerState) {
        let released = (Row::Postpone(Duration::ZERO), ServerState::Unknown);
        let Ok(slot) = timeout(SLOT_WITHIN, self.slots.render.acquire()).await else { return released };
        let rendered = self.render().await;
        drop(slot);
        let rendered = match rendered {
            Ok(Rendered::Email(rendered)) => rendered,
            Ok(Rendered::Rehearsal(rendered)) => return (self.rehearse(&rendered).await, ServerState::Unknown),
            Ok(Rendered::Nothing) => return (Row::Delete, ServerState::Unknown),
            Err(error) => {
                self.state.metrics.email("failed");
                tracing::warn!(kind = self.email.kind, id = %self.email.id, ?error, "cannot render email; retrying later");
                return (self.later(), ServerState::Unknown);
            }
        };
        if self.state.mailer.keeps_email_here() {
            return (self.deliver_here(&rendered).await, ServerState::Unknown);
        }
        let Ok(_slot) = timeout(SLOT_WITHIN, self.slots.send.acquire()).await else { return released };
        if self.slots.failing.load(Ordering::Relaxed) && !self.is_probe {
            return released;
        }
        let (row, server) = self.send(&rendered).await;
        if server != ServerState::Unknown {
            self.slots.failing.store(server == ServerState::Failing, Ordering::Relaxed);
        }
        (row, server)
    }

    /// Commits before the email leaves, so that its link works when it arrives.
    async fn render(&self) -> Result<Rendered, AppError> {
        let mut unit = self.state.system().begin().await?;
        let rendered = email::render(&self.state, &mut unit, self.spec, &self.email).await?;
        unit.commit().await?;
        Ok(rendered)
    }

    async fn send(&self, rendered: &RenderedEmail) -> (Row, ServerState) {
        let (kind, id, attempts) = (&self.email.kind, self.email.id, self.email.attempts);
        let dropped = |reason: String| {
            self.state.metrics.email("dropped");
            tracing::warn!(kind, %id, attempts, reason, "email dropped");
            Row::Delete
        };
        match self.state.mailer.send(&self.email, rendered, now(), &self.patience.server).await {
            Ok(()) => {
                self.state.metrics.email("sent");
                tracing::info!(kind, %id, attempts, "email sent");
                (Row::Delete, ServerState::Healthy)
            }
            Err(NotSent::Unwritable(reason)) => (dropped(reason.to_owned()), ServerState::Unknown),
            Err(NotSent::Failed(Failure::Recipient(reason))) => (dropped(reason.to_string()), ServerState::Healthy),
            Err(NotSent::Failed(failure)) => {
                self.state.metrics.email("failed");
                tracing::warn!(kind, %id, attempts, reason = %failure.reason(), "email not accepted; retrying later");
                match failure {
                    // Not this email's fault: it is due again together with the others, after them.
                    Failure::Server(_) => (Row::Postpone(around(self.patience.first_pause)), ServerState::Failing),
                    Failure::Email(reason) if reason.code.is_some() => (self.later(), ServerState::Healthy),
                    _ => (self.later(), ServerState::Unknown),
                }
            }
        }
    }

    /// Moves the email to the development mailbox, in one transaction.
    async fn deliver_here(&self, rendered: &RenderedEmail) -> Row {
        let delivered = async {
            let mut unit = self.state.system().begin().await?;
            dev_mailbox::deliver(&mut unit, self.email.id, rendered).await?;
            dev_mailbox::forget_old(&mut unit).await?;
            outbox::remove(&mut unit, &self.email).await?;
            unit.commit().await
        };
        match delivered.await {
            Ok(()) => {
                self.state.metrics.email("sent");
                tracing::info!(kind = self.email.kind, id = %self.email.id, "email delivered to /dev/mail");
                Row::Keep
            }
            Err(error) => {
                self.state.metrics.email("failed");
                let error = db::without_values(&error);
                tracing::warn!(error, "cannot deliver email to /dev/mail; retrying later");
                self.later()
            }
        }
    }

    /// Rehearses a delivery without sending an email. Ignores failures.
    async fn rehearse(&self, rendered: &RenderedEmail) -> Row {
        if !self.state.mailer.keeps_email_here() {
            if let Ok(_slot) = timeout(SLOT_WITHIN, self.slots.send.acquire()).await
                && (self.is_probe || !self.slots.failing.load(Ordering::Relaxed))
            {
                self.state.mailer.rehearse(&self.email, rendered, now(), &self.patience.server).await;
            }
            return Row::Delete;
        }
        let rehearsed = async {
            let mut unit = self.state.system().begin().await?;
            unit.rehearse().await?;
            dev_mailbox::deliver(&mut unit, self.email.id, rendered).await?;
            dev_mailbox::forget_old(&mut unit).await?;
            unit.undo().await?;
            outbox::remove(&mut unit, &self.email).await?;
            unit.commit().await
        };
        rehearsed.await.map_or(Row::Delete, |()| Row::Keep)
    }

    fn later(&self) -> Row {
        let patience = &self.patience;
        let retry = growing(patience.first_retry, self.email.attempts.unsigned_abs(), patience.longest_retry);
        Row::Postpone(around(retry))
    }

    /// Settles the row. Retries while the database is unavailable: otherwise a sent email would be sent again.
    async fn settle(&self, row: &Row) {
        for _ in 0..SETTLE_TRIES {
            let settled = async {
                let db = &self.state.db;
                match row {
                    Row::Delete => outbox::remove(&mut *db.acquire().await?, &self.email).await,
                    Row::Postpone(by) => outbox::postpone(&mut *db.acquire().await?, &self.email, *by).await,
                    Row::Keep => Ok(()),
                }
            };
            let Err(error) = settled.await else { return };
            let error = db::without_values(&error);
            tracing::warn!(error, id = %self.email.id, "cannot update the outbox after a delivery; retrying");
            sleep(Duration::from_secs(1)).await;
        }
    }
}
