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

use std::{pin::pin, sync::Arc, time::Duration};

use sqlx::PgConnection;
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinError, JoinSet},
    time::{Instant, sleep, timeout},
};

use crate::{
    features::letters::{self, Composed},
    mail::{Failure, Letter, NotSent, Parcel, Timeouts, WAITING_MAX, dev_mailbox, outbox},
    state::AppState,
    types::Entropy,
    web::{AppError, server::stopping},
};

/// How many letters one replica sends at the same time.
const SENDS: usize = 4;
/// How many it holds: while some talk to the mail server, others are on their way in or out.
const HELD: usize = 2 * SENDS;
/// How long a held letter may wait for its turn before it is given back.
const TURN_WITHIN: Duration = Duration::from_secs(20);
/// How long the database may take to tell what is due.
const DUE_WITHIN: Duration = Duration::from_secs(5);
/// How often what became of a letter is tried to be noted, a second apart: its lease has to last.
const NOTE_TRIES: u32 = 30;
/// How often letters are given up that expired, in looks.
const EXPIRE_EVERY: u32 = 60;

/// How long everything takes; a parameter, so that a test need not wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often it looks for letters that nobody announced.
    pub look: Duration,
    /// For how long a letter is held: longer than sending one can take.
    pub lease: Duration,
    /// When a letter is tried again for the first time; each further time takes twice as long.
    pub first_retry: Duration,
    /// The longest such time.
    pub longest_retry: Duration,
    /// How long a server in trouble is left alone at first.
    pub first_pause: Duration,
    /// How long at most.
    pub longest_pause: Duration,
    /// How long letters that are being sent may take when the service stops.
    pub finish: Duration,
    /// How long a mail server may take.
    pub server: Timeouts,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            lease: Duration::from_secs(120),
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_secs(3600),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            finish: Duration::from_secs(5),
            server: Timeouts::default(),
        }
    }
}

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

/// One replica's sender.
struct Sender {
    state: AppState,
    patience: Patience,
    sending: JoinSet<Told>,
    turns: Arc<Semaphore>,
    /// How often in a row the server was found in trouble.
    trouble: u32,
    paused_until: Instant,
    looked_at: Option<Instant>,
    looks: u32,
    database_away: bool,
}

impl Sender {
    fn new(state: AppState, patience: Patience) -> Self {
        Self {
            state,
            patience,
            sending: JoinSet::new(),
            turns: Arc::new(Semaphore::new(SENDS)),
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
            for letter in due {
                self.sending.spawn(attempt(self.state.clone(), letter, self.patience, Arc::clone(&self.turns)));
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

/// One letter: its turn, its words, its way, and what became of it.
async fn attempt(state: AppState, letter: Letter, patience: Patience, turns: Arc<Semaphore>) -> Told {
    let Ok(Ok(turn)) = timeout(TURN_WITHIN, turns.acquire_owned()).await else {
        settle(&state, &letter, &Then::Postpone(Duration::ZERO)).await;
        return Told::Nothing;
    };
    let (then, told) = word_and_send(&state, &letter, patience).await;
    // The next one may talk while this one is noted.
    drop(turn);
    settle(&state, &letter, &then).await;
    told
}

async fn word_and_send(state: &AppState, letter: &Letter, patience: Patience) -> (Then, Told) {
    let retry = growing(patience.first_retry, letter.attempts.unsigned_abs(), patience.longest_retry);
    let later = Then::Postpone(around(retry, state.entropy));
    match compose(state, letter).await {
        Err(error) => {
            state.metrics.letter("failed");
            tracing::warn!(kind = letter.kind.code(), id = %letter.id, ?error, "a letter could not be worded");
            (later, Told::Nothing)
        }
        Ok(Composed::Nothing) => (Then::Remove, Told::Nothing),
        Ok(Composed::Message { to, lang, message }) => {
            let parcel = Parcel { to, lang, message };
            if state.mailer.keeps_letters_here() {
                (keep_here(state, letter, &parcel, later).await, Told::Nothing)
            } else {
                send(state, letter, &parcel, patience, later).await
            }
        }
    }
}

/// Committed before the letter leaves, so that its link works when it arrives.
async fn compose(state: &AppState, letter: &Letter) -> Result<Composed, AppError> {
    let mut transaction = state.db.begin().await?;
    let composed = letters::compose(state, &mut transaction, letter).await?;
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

/// `first`, then twice as long each time, up to `longest`.
fn growing(first: Duration, times: u32, longest: Duration) -> Duration {
    let factor = 2_u32.checked_pow(times.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(longest)
}

/// A quarter more or less, so that what failed together does not come again together.
fn around(duration: Duration, entropy: Entropy) -> Duration {
    let [chance] = entropy.bytes::<1>();
    duration.mul_f64(0.75 + f64::from(chance) / 512.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_takes_twice_as_long_each_time_up_to_an_hour() {
        let patience = Patience::default();
        let after = |times| growing(patience.first_retry, times, patience.longest_retry).as_secs();
        assert_eq!([1, 2, 3, 4, 10, 11, 1000, u32::MAX].map(after), [5, 10, 20, 40, 2560, 3600, 3600, 3600]);
        for _ in 0..100 {
            let some = around(Duration::from_secs(4), Entropy);
            assert!((Duration::from_secs(3)..=Duration::from_secs(5)).contains(&some), "{some:?}");
        }
    }

    #[test]
    fn a_lease_outlasts_whatever_sending_takes() {
        let patience = Patience::default();
        let noting = Duration::from_secs(u64::from(NOTE_TRIES));
        assert!(TURN_WITHIN + patience.server.whole + noting < patience.lease);
    }
}
