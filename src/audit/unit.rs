//! The unit of work: a transaction and its effects.
//!
//! 1. A use case begins a [`Unit`], which wraps a transaction, and calls [`Unit::record`] for each event.
//! 2. [`Unit::commit`] inserts the audit rows, commits, logs and counts the events, and wakes the mail job if an email
//!    was queued.
//! 3. Dropping a unit rolls back: no row, no log line, no count, no email.
//! 4. Work between [`Unit::rehearse`] and [`Unit::undo`] takes as long as usual, and is rolled back.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::{PgPool, Postgres, Transaction};

use super::{Actor, Event, event::Entry, log, store, tally};
use crate::{
    limits::Spent,
    mail::{MailWaker, NewEmail, outbox},
    telemetry::{Metrics, Sampler},
    types::{Request, SessionId, UserId, now},
};

/// The actor and the destinations of effects; begins [`Unit`]s. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// The database.
    pub db: PgPool,
    /// The actor.
    pub actor: Actor,
    /// The request; `None` for the command line and for jobs.
    pub request: Option<Request>,
    /// Counts events.
    pub metrics: Arc<Metrics>,
    /// Bounds the log lines that anyone can cause.
    pub sampler: Sampler,
    /// Wakes the mail job.
    pub mail: MailWaker,
}

impl Recorder {
    /// Creates the recorder of a command. Nobody reads its metrics, and the running service polls for its email.
    pub fn for_cli(db: PgPool) -> Self {
        Self::without_request(db, Actor::Cli)
    }

    /// Creates the recorder of the service, which acts without a request. It logs and counts nothing, and sends no email.
    pub fn for_system(db: PgPool) -> Self {
        Self::without_request(db, Actor::System)
    }

    fn without_request(db: PgPool, actor: Actor) -> Self {
        let (metrics, sampler, mail) = (Arc::default(), Sampler::default(), MailWaker::default());
        Self { db, actor, request: None, metrics, sampler, mail }
    }

    /// Begins a transaction.
    pub async fn begin(&self) -> sqlx::Result<Unit> {
        let transaction = self.db.begin().await?;
        let recorder = self.clone();
        let (entries, decides) = (Vec::new(), Vec::new());
        Ok(Unit { transaction, recorder, entries, rehearsed: 0, queued_email: false, decides })
    }
}

/// A transaction and its events. Dereferences to its connection.
#[must_use = "a unit that is not committed rolls back"]
#[derive(derive_more::Deref, derive_more::DerefMut)]
pub struct Unit {
    #[deref(forward)]
    #[deref_mut(forward)]
    transaction: Transaction<'static, Postgres>,
    recorder: Recorder,
    entries: Vec<Entry>,
    /// The number of events before the rehearsal.
    rehearsed: usize,
    queued_email: bool,
    decides: Vec<Arc<AtomicBool>>,
}

impl Unit {
    /// Records an event of an account.
    pub fn record(&mut self, event: Event, user_id: UserId, session_id: Option<SessionId>) {
        self.entries.push(Entry { event, user_id: Some(user_id), session_id });
    }

    /// Records an event without a known account.
    pub fn record_without_account(&mut self, event: Event) {
        self.entries.push(Entry { event, user_id: None, session_id: None });
    }

    /// Decides an attempt with the commit, so that its tokens stay as this transaction leaves them.
    pub fn decide(&mut self, spent: &Spent) {
        self.decides.push(spent.decision());
    }

    /// Queues an email, which is sent after the commit. One about something that happened gets the time and, if someone
    /// in a browser did it, the address and the `User-Agent`. An administrator's stay private.
    pub async fn email(&mut self, email: &NewEmail<'_>) -> sqlx::Result<()> {
        self.queued_email = true;
        let request = self.recorder.request.as_ref();
        let at = request.map_or_else(now, |request| request.now);
        let visitor = request.filter(|_| matches!(self.recorder.actor, Actor::Visitor));
        let origin = visitor.map(|request| (request.address, request.user_agent.as_str()));
        outbox::enqueue(&mut self.transaction, &email.clone().with_facts(at, origin)).await
    }

    /// Inserts the audit rows and commits; then logs, counts, and wakes the mail job.
    ///
    /// # Errors
    /// Database errors only; then nothing was committed.
    pub async fn commit(self) -> sqlx::Result<()> {
        let Self { mut transaction, recorder, entries, queued_email, decides, .. } = self;
        let request = recorder.request.as_ref();
        store::insert(&mut transaction, recorder.actor, request, &entries).await?;
        if let Some(request) = request.filter(|_| entries.iter().any(Entry::is_tallied)) {
            tally::add(&mut transaction, request.address).await?;
        }
        transaction.commit().await?;
        for decision in &decides {
            decision.store(true, Ordering::Relaxed);
        }
        for entry in &entries {
            log::write(&recorder.metrics, &recorder.sampler, recorder.request.as_ref(), entry);
        }
        if queued_email {
            recorder.mail.wake();
        }
        Ok(())
    }

    /// Begins a rehearsal, which [`Unit::undo`] rolls back.
    pub async fn rehearse(&mut self) -> sqlx::Result<()> {
        self.rehearsed = self.entries.len();
        sqlx::query!("savepoint rehearsal").execute(&mut *self.transaction).await.map(drop)
    }

    /// Inserts the rehearsal's audit rows, as a commit would, and rolls everything back.
    pub async fn undo(&mut self) -> sqlx::Result<()> {
        let entries = self.entries.split_off(self.rehearsed);
        let Recorder { actor, request, .. } = &self.recorder;
        store::insert(&mut self.transaction, *actor, request.as_ref(), &entries).await?;
        sqlx::query!("rollback to savepoint rehearsal").execute(&mut *self.transaction).await.map(drop)
    }

    /// Rolls back now, instead of at the next use of the connection.
    pub async fn rollback(self) -> sqlx::Result<()> {
        self.transaction.rollback().await
    }
}
