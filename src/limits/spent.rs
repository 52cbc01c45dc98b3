//! Tokens of undecided attempts.
//!
//! 1. [`Limits::spend`] spends them before anything is compared.
//! 2. The caller decides the attempt: [`Spent::keep`] after a wrong secret, or the transaction of a success.
//! 3. If [`Spent`] is dropped undecided, because a statement failed or the request was cancelled, the tokens are
//!    refunded exactly. The visitor has learned nothing, and a fault on our side must not lock anyone out.
//!
//! Pending refunds wait in memory until the database responds. A restart or a flood loses them; their buckets then
//! refill with time.

use std::{
    collections::VecDeque,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{PgConnection, PgPool};
use tokio::{runtime::Handle, time::sleep};

use super::{Bucket, Spend, Tries};
use crate::{telemetry, types::Throttled};

/// Maximum number of pending refunds.
const OWED_MAX: usize = 10_000;
/// Delay between attempts to refund while the database is down.
const RETRY: Duration = Duration::from_millis(250);

/// Spends tokens, and refunds those of undecided attempts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Limits {
    db: PgPool,
    owed: Arc<Mutex<Owed>>,
}

#[derive(Debug, Default)]
struct Owed {
    attempts: VecDeque<Vec<Taken>>,
    /// Whether the refund task is running.
    paying: bool,
}

/// A bucket from which a token was spent, and the failures counted with it.
type Taken = (Bucket, i32);

impl Limits {
    /// Creates the limits over this database.
    pub fn new(db: PgPool) -> Self {
        Self { db, owed: Arc::default() }
    }

    /// The database of the limits.
    pub fn db(&self) -> &PgPool {
        &self.db
    }

    /// Spends a token of every bucket of an attempt. The connection must not be in a transaction.
    pub async fn spend(&self, connection: &mut PgConnection, tries: &Tries) -> sqlx::Result<Result<Spent, Throttled>> {
        match super::spend(connection, &tries.network, tries.subject).await? {
            Spend::Limited(throttled) => Ok(Err(throttled)),
            Spend::Allowed => {
                let networks = tries.network.iter().map(|bucket| (*bucket, 0));
                Ok(Ok(self.spent(networks.chain([(tries.subject, 1)]).collect())))
            }
        }
    }

    /// Spends a token of buckets that count no failures. The connection must not be in a transaction.
    pub async fn spend_all(
        &self,
        connection: &mut PgConnection,
        buckets: &[Bucket],
    ) -> sqlx::Result<Result<Spent, Throttled>> {
        match super::spend_all(connection, buckets).await? {
            Spend::Limited(throttled) => Ok(Err(throttled)),
            Spend::Allowed => Ok(Ok(self.spent(buckets.iter().map(|bucket| (*bucket, 0)).collect()))),
        }
    }

    fn spent(&self, taken: Vec<Taken>) -> Spent {
        Spent { taken, limits: self.clone(), decided: Arc::default() }
    }

    /// Returns whether no refunds are pending.
    pub fn owe_nothing(&self) -> bool {
        self.owed().attempts.is_empty()
    }

    fn owed(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn owe(&self, taken: Vec<Taken>) {
        let mut owed = self.owed();
        if owed.attempts.len() < OWED_MAX {
            owed.attempts.push_back(taken);
        }
        // Without a runtime, the process is ending.
        if Handle::try_current().is_ok() && !mem::replace(&mut owed.paying, true) {
            telemetry::spawn("refunds", self.clone().pay());
        }
    }

    /// Refunds until nothing is pending.
    async fn pay(self) {
        loop {
            let next = {
                let mut owed = self.owed();
                owed.paying = !owed.attempts.is_empty();
                owed.attempts.front().cloned()
            };
            let Some(taken) = next else { return };
            match self.give_back(&taken).await {
                Ok(()) => drop(self.owed().attempts.pop_front()),
                Err(sqlx::Error::PoolClosed) => return,
                Err(_) => sleep(RETRY).await,
            }
        }
    }

    async fn give_back(&self, taken: &[Taken]) -> sqlx::Result<()> {
        let mut transaction = self.db.begin().await?;
        for (bucket, failures) in taken {
            give_back(&mut transaction, *bucket, *failures).await?;
        }
        transaction.commit().await
    }
}

/// Tokens that an attempt has spent. They are refunded if it is dropped undecided.
#[must_use = "dropping it refunds the tokens"]
#[derive(Debug)]
pub struct Spent {
    taken: Vec<Taken>,
    limits: Limits,
    decided: Arc<AtomicBool>,
}

impl Spent {
    /// Keeps the tokens: the attempt is decided.
    pub fn keep(&self) {
        self.decided.store(true, Ordering::Relaxed);
    }

    /// Becomes true once a transaction has decided the attempt.
    pub fn decision(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.decided)
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        if !self.decided.load(Ordering::Relaxed) {
            self.limits.owe(mem::take(&mut self.taken));
        }
    }
}

/// Refunds one token of a bucket, and the failures that were counted with it.
pub(super) async fn give_back(connection: &mut PgConnection, (key, limit): Bucket, failures: i32) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update attempt_limits set full_at = full_at - make_interval(secs => $2), failures = greatest(failures - $3, 0),
            used_at = case when $3 > 0 and used_at = 'infinity' then now() else used_at end
        where key = $1
        "#,
        key.bytes(),
        limit.refill.as_secs_f64(),
        failures,
    )
    .execute(connection)
    .await?;
    Ok(())
}
