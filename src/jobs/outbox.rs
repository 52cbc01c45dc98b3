//! Sends the letters that wait.
//!
//! 1. Every replica takes letters that no other holds, a few at a time, and sends each in a task of
//!    its own. A letter is held by a lease, so one that died with its sender is taken again.
//! 2. A letter that was refused for now is tried again later, and later each time. When the server
//!    itself is in trouble, nothing but one letter at a time is tried, with growing pauses: it is not
//!    hammered, and what waits goes out soon after it is well.
//! 3. A letter that can never arrive, or came too late to be worth it, is dropped with one line in
//!    the log that says which and why, and never to whom.
//! 4. No connection to the database is held while a mail server talks, so one that hangs costs no
//!    visitor anything.

mod patience;

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::PgConnection;
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinError, JoinSet},
    time::{Instant, sleep, timeout},
};

use self::patience::{around, growing};
use crate::{
    features::emails::{self, Composed},
    http::server::stopping,
    mail::{Failure, Letter, NotSent, Parcel, WAITING_MAX, dev_mailbox, outbox},
    state::AppState,
    web::AppError,
};

pub use self::patience::Patience;

/// How many letters one replica sends at the same time.
const SENDS: usize = 4;
/// How many it words at the same time, and never with more than half of the connections to the database.
const DESKS: usize = 8;
/// How many it holds: while some talk to the mail server, others are worded or noted.
const HELD: usize = 16;
/// How long a held letter may wait for a desk, and again for the mail server, before it is given back.
const TURN_WITHIN: Duration = Duration::from_secs(10);
/// How long the database may take to tell what is due.
const DUE_WITHIN: Duration = Duration::from_secs(5);
/// How often what became of a letter is tried to be noted, a second apart: its lease has to last.
const NOTE_TRIES: u32 = 30;
/// How often letters are given up that expired, in looks.
const EXPIRE_EVERY: u32 = 60;

/// Sends until `stop` says true, then finishes what is being sent.
pub async fn run(state: AppState, patience: Patience, mut stop: watch::Receiver<bool>) {
    let mut sender = Sender::new(state.clone(), patience);
    let mut eager = true;
    loop {
        let looked = {
            let mut looking = pin!(timeout(DUE_WITHIN, sender.look_and_take(eager)));
            let looked = looking.as_mut().await;
            if looked.is_err() {
                // Before the connection goes back in the middle of a statement.
                state.given_up.note();
            }
            looked
        };
        sender.note_database(looked.unwrap_or(Err(sqlx::Error::PoolTimedOut)));
        eager = tokio::select! {
            () = stopping(&mut stop) => break,
            Some(sent) = sender.sending.join_next() => {
                sender.note(sent);
                false
            }
            () = state.mailer.woken() => true,
            () = sleep(patience.look) => true,
        };
    }
    sender.finish().await;
}

/// What a try told about the mail server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Told {
    /// It answers.
    Well,
    /// It takes nothing.
    Trouble,
    /// Nothing: it was not asked, or fell silent where this letter may be the cause.
    Nothing,
}

/// Where letters take turns.
struct Places {
    desks: Semaphore,
    sends: Semaphore,
    /// The mail server took nothing lately: whoever has not begun had better not.
    trouble: AtomicBool,
}

/// One replica's sender.
struct Sender {
    state: AppState,
    patience: Patience,
    sending: JoinSet<Told>,
    places: Arc<Places>,
    /// How often in a row the server was found in trouble.
    trouble: u32,
    paused_until: Instant,
    looked_at: Option<Instant>,
    looks: u32,
    database_away: bool,
}

impl Sender {
    fn new(state: AppState, patience: Patience) -> Self {
        let desks = usize::try_from(state.config.database.connections / 2).unwrap_or(DESKS);
        Self {
            state,
            patience,
            sending: JoinSet::new(),
            places: Arc::new(Places {
                desks: Semaphore::new(desks.clamp(1, DESKS)),
                sends: Semaphore::new(SENDS),
                trouble: AtomicBool::new(false),
            }),
            trouble: 0,
            paused_until: Instant::now(),
            looked_at: None,
            looks: 0,
            database_away: false,
        }
    }

    async fn look_and_take(&mut self, eager: bool) -> sqlx::Result<()> {
        let most = if self.trouble > 0 { 1 } else { HELD };
        let free = most.saturating_sub(self.sending.len());
        // Several at once are fewer statements; but a letter does not wait for that.
        let worth_it = free > 0 && (eager || free * 2 >= most);
        let may_take = worth_it && Instant::now() >= self.paused_until;
        let must_look = self.looked_at.is_none_or(|at| at.elapsed() >= self.patience.look);
        if !may_take && !must_look {
            return Ok(());
        }
        let mut connection = self.state.db.acquire().await?;
        if must_look {
            self.looked_at = Some(Instant::now());
            self.look(&mut connection).await?;
        }
        if may_take {
            let due = outbox::claim(&mut connection, free, self.patience.lease).await?;
            // One alone is the one that finds out whether the server is well again.
            let finds_out = most == 1;
            for letter in due {
                let places = Arc::clone(&self.places);
                self.sending.spawn(attempt(self.state.clone(), letter, self.patience, places, finds_out));
            }
        }
        Ok(())
    }

    /// What is to be known and done once a look.
    async fn look(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let waiting = outbox::count(connection, WAITING_MAX).await?;
        self.state.mailer.note_waiting(waiting);
        self.state.metrics.letters_waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        if self.looks.is_multiple_of(EXPIRE_EVERY) {
            for (id, kind) in outbox::drop_expired(connection).await? {
                self.state.metrics.letter("dropped");
                tracing::warn!(kind, %id, reason = "expired", "a letter was dropped");
            }
        }
        self.looks = self.looks.wrapping_add(1);
        let state = self.state.clone();
        tokio::spawn(async move { state.mailer.let_go(false).await });
        Ok(())
    }

    /// Says once that the database is away, and once that it is back.
    fn note_database(&mut self, looked: sqlx::Result<()>) {
        match looked {
            Err(error) if !self.database_away => {
                self.database_away = true;
                tracing::warn!(%error, "letters wait: the database does not tell which are due");
            }
            Ok(()) if self.database_away => {
                self.database_away = false;
                tracing::info!("the database tells again which letters are due");
            }
            _ => {}
        }
    }

    fn note(&mut self, sent: Result<Told, JoinError>) {
        match sent {
            Ok(Told::Well) => self.trouble = 0,
            // Of several that fail together only the first says something new.
            Ok(Told::Trouble) if Instant::now() >= self.paused_until => {
                self.trouble = self.trouble.saturating_add(1);
                let pause = growing(self.patience.first_pause, self.trouble, self.patience.longest_pause);
                self.paused_until = Instant::now() + around(pause, self.state.entropy);
            }
            Err(error) if error.is_panic() => tracing::error!("sending a letter panicked; it is tried again"),
            _ => {}
        }
    }

    async fn finish(mut self) {
        let finishing = async { while self.sending.join_next().await.is_some() {} };
        if timeout(self.patience.finish, finishing).await.is_err() {
            tracing::warn!(left = self.sending.len(), "letters were left: the mail server took too long");
        }
        self.sending.shutdown().await;
        timeout(Duration::from_secs(1), self.state.mailer.let_go(true)).await.ok();
    }
}

/// What becomes of the row.
enum Then {
    Remove,
    Postpone(Duration),
    /// It is as it should be.
    Nothing,
}

/// One letter: its words, its way, and what became of it.
async fn attempt(state: AppState, letter: Letter, patience: Patience, places: Arc<Places>, finds_out: bool) -> Told {
    let (then, told) = word_and_send(&state, &letter, patience, &places, finds_out).await;
    settle(&state, &letter, &then).await;
    told
}

async fn word_and_send(
    state: &AppState,
    letter: &Letter,
    patience: Patience,
    places: &Places,
    finds_out: bool,
) -> (Then, Told) {
    let given_back = (Then::Postpone(Duration::ZERO), Told::Nothing);
    let retry = growing(patience.first_retry, letter.attempts.unsigned_abs(), patience.longest_retry);
    let later = Then::Postpone(around(retry, state.entropy));
    let Ok(desk) = timeout(TURN_WITHIN, places.desks.acquire()).await else { return given_back };
    let composed = compose(state, letter).await;
    drop(desk);
    match composed {
        Err(error) => {
            state.metrics.letter("failed");
            tracing::warn!(kind = letter.kind.code(), id = %letter.id, ?error, "a letter could not be worded");
            (later, Told::Nothing)
        }
        Ok(Composed::Nothing) => (Then::Remove, Told::Nothing),
        Ok(Composed::Message { to, lang, message }) => {
            let parcel = Parcel { to, lang, message };
            if state.mailer.keeps_letters_here() {
                return (keep_here(state, letter, &parcel, later).await, Told::Nothing);
            }
            let Ok(_turn) = timeout(TURN_WITHIN, places.sends.acquire()).await else { return given_back };
            if places.trouble.load(Ordering::Relaxed) && !finds_out {
                return given_back;
            }
            let (then, told) = send(state, letter, &parcel, patience, later).await;
            if told != Told::Nothing {
                places.trouble.store(told == Told::Trouble, Ordering::Relaxed);
            }
            (then, told)
        }
    }
}

/// Committed before the letter leaves, so that its link works when it arrives.
async fn compose(state: &AppState, letter: &Letter) -> Result<Composed, AppError> {
    let mut transaction = state.db.begin().await?;
    let composed = emails::compose(state, &mut transaction, letter).await?;
    transaction.commit().await?;
    Ok(composed)
}

async fn send(state: &AppState, letter: &Letter, parcel: &Parcel, patience: Patience, later: Then) -> (Then, Told) {
    let (kind, id, attempts) = (letter.kind.code(), letter.id, letter.attempts);
    let sent = state.mailer.send(letter, parcel, state.clock.now(), &patience.server).await;
    let dropped = |reason: String| {
        state.metrics.letter("dropped");
        tracing::warn!(kind, %id, attempts, reason, "a letter was dropped");
        Then::Remove
    };
    let failed = |failure: &Failure| {
        state.metrics.letter("failed");
        tracing::warn!(kind, %id, attempts, reason = %failure.reason(), "a letter was not taken; it is tried again");
    };
    match sent {
        Ok(()) => {
            state.metrics.letter("sent");
            tracing::info!(kind, %id, attempts, "a letter was sent");
            (Then::Remove, Told::Well)
        }
        Err(NotSent::Unwritable(reason)) => (dropped(reason.to_owned()), Told::Nothing),
        Err(NotSent::Failed(failure)) => match failure {
            Failure::Recipient(reason) => (dropped(reason.to_string()), Told::Well),
            Failure::Letter(ref reason) => {
                failed(&failure);
                (later, if reason.code.is_some() { Told::Well } else { Told::Nothing })
            }
            Failure::Server(_) => {
                failed(&failure);
                // Not its own fault: it goes behind the others, and with them.
                (Then::Postpone(around(patience.first_pause, state.entropy)), Told::Trouble)
            }
        },
    }
}

/// Puts the letter into the mailbox of a development machine: there and gone from here, or neither.
async fn keep_here(state: &AppState, letter: &Letter, parcel: &Parcel, later: Then) -> Then {
    let kept = async {
        let mut transaction = state.db.begin().await?;
        dev_mailbox::deliver(&mut transaction, letter.id, parcel).await?;
        dev_mailbox::forget_old(&mut transaction).await?;
        outbox::remove(&mut transaction, letter).await?;
        transaction.commit().await
    };
    match kept.await {
        Ok(()) => {
            state.metrics.letter("sent");
            tracing::info!(kind = letter.kind.code(), id = %letter.id, "a letter is at /dev/mail");
            Then::Nothing
        }
        Err(error) => {
            state.metrics.letter("failed");
            tracing::warn!(%error, "a letter could not be put into the mailbox");
            later
        }
    }
}

/// Notes what became of a letter. What was sent would be sent again otherwise, so a database that is
/// away for a moment is waited for.
async fn settle(state: &AppState, letter: &Letter, then: &Then) {
    for _ in 0..NOTE_TRIES {
        let noted = async {
            match then {
                Then::Remove => outbox::remove(&mut *state.db.acquire().await?, letter).await,
                Then::Postpone(by) => outbox::postpone(&mut *state.db.acquire().await?, letter, *by).await,
                Then::Nothing => Ok(()),
            }
        };
        match noted.await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%error, id = %letter.id, "it could not be noted what became of a letter");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
