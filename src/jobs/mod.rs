//! Background jobs: send email ([`outbox`]), link the audit chain ([`chain`]), tell apps who has signed out
//! ([`logouts`]), and sweep: delete expired rows, erase accounts, and re-encrypt what an older key encrypted.
//!
//! Every replica runs them. A sweep finds its rows by an index, a thousand at a time, and skips rows that another
//! replica has locked. So replicas share the work, and visitors do not wait for it.

pub mod chain;
pub mod logouts;
pub mod outbox;

use std::{pin::pin, time::Duration};

use sqlx::PgConnection;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    accounts::{Query, links},
    apps::{
        documents,
        keys::{self, KeysError},
    },
    audit, db,
    features::deletion::ERASED_ACCOUNTS,
    http::server::stopping,
    limits,
    sessions::{ended, known_browsers, pending, return_paths},
    state::AppState,
    web::{Slice, Sweep, Turn, sweep_form_answers},
};

/// How often a replica sweeps.
const EVERY: Duration = Duration::from_secs(300);
/// How long a round of sweeps may take.
const WITHIN: Duration = Duration::from_secs(120);

/// The sweeps of tables that belong to no slice.
const FLOOR: &[Sweep] = &[
    floor("signing_keys to re-encrypt", Turn::Start, |state| Box::pin(state.signing.reseal())),
    floor("signing_keys to rotate", Turn::Round, |state| Box::pin(rotate(state))),
    floor("signing_keys", Turn::Round, |state| with(state, |db| Box::pin(keys::sweep(db)))),
    floor("client_documents", Turn::Round, |state| Box::pin(documents::sweep(state.system()))),
    floor("sessions", Turn::Round, |state| with(state, |db| Box::pin(ended::sweep(db)))),
    floor("browser_sessions", Turn::Round, |state| with(state, |db| Box::pin(ended::sweep_store(db)))),
    floor("attempt_limits", Turn::Round, |state| with(state, |db| Box::pin(limits::sweep(db)))),
    floor("known_browsers", Turn::Round, |state| with(state, |db| Box::pin(known_browsers::sweep(db)))),
    floor("mailed_links", Turn::Round, |state| with(state, |db| Box::pin(links::sweep(db)))),
    floor("pending_sign_ins", Turn::Round, |state| with(state, |db| Box::pin(pending::sweep(db)))),
    floor("return_paths", Turn::Round, |state| with(state, |db| Box::pin(return_paths::sweep(db)))),
    floor("form_answers", Turn::Round, |state| with(state, |db| Box::pin(sweep_form_answers(db)))),
    // After the slices' sweeps, which erase accounts.
    floor("audit_origins_due", Turn::Last, |state| with(state, |db| Box::pin(audit::forget_due(db)))),
];

const fn floor(name: &'static str, turn: Turn, run: for<'a> fn(&'a AppState) -> Query<'a, u64>) -> Sweep {
    Sweep { name, turn, run }
}

fn with(state: &AppState, sweep: for<'a> fn(&'a mut PgConnection) -> Query<'a, u64>) -> Query<'_, u64> {
    Box::pin(async move { sweep(&mut *state.db.acquire().await?).await })
}

/// Creates the signing keys whose turn comes next.
async fn rotate(state: &AppState) -> sqlx::Result<u64> {
    match state.signing.rotate_due().await {
        Ok(count) => Ok(count),
        Err(KeysError::Database(error)) => Err(error),
        Err(error) => {
            tracing::error!(%error, "cannot rotate the signing keys; the old ones sign until their time is over");
            Ok(0)
        }
    }
}

/// The sweeps of these slices and of the floor, in execution order.
pub fn sweeps(slices: &[&'static Slice]) -> Vec<&'static Sweep> {
    let mut all: Vec<_> = slices.iter().flat_map(|slice| slice.sweeps).chain(FLOOR).collect();
    all.sort_by_key(|sweep| sweep.turn);
    all
}

/// Sweeps until `stop` is true.
pub async fn run(state: AppState, slices: &[&'static Slice], mut stop: watch::Receiver<bool>) {
    let all = sweeps(slices);
    let mut due = &all[..all.partition_point(|sweep| sweep.turn == Turn::Start)];
    loop {
        tokio::select! {
            // PostgreSQL completes an unfinished sweep's statement, or rolls it back.
            () = stopping(&mut stop) => return,
            swept = sweep_within(&state, due, WITHIN) => log(swept),
        }
        tokio::select! {
            () = stopping(&mut stop) => return,
            () = sleep(EVERY) => due = &all,
        }
    }
}

/// Sweeps; returns `None` on timeout.
///
/// # Errors
/// If the database is unavailable.
pub async fn sweep_within(state: &AppState, sweeps: &[&Sweep], time: Duration) -> sqlx::Result<Option<Swept>> {
    within(state, time, sweep(state, sweeps)).await.transpose()
}

/// Runs database work; returns `None` on timeout.
async fn within<T>(state: &AppState, time: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(timeout(time, work));
    let done = work.as_mut().await;
    if done.is_err() {
        // Must come before the connection is released in the middle of a statement, or of a transaction that would
        // include the next user's statements.
        state.quarantine.note();
    }
    done.ok()
}

/// The number of rows processed by each sweep that found any.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Swept(Vec<(&'static str, u64)>);

impl Swept {
    /// The number of rows processed by the sweep with this name.
    pub fn count(&self, name: &str) -> u64 {
        self.0.iter().filter(|(swept, _)| *swept == name).map(|(_, count)| count).sum()
    }
}

fn log(swept: sqlx::Result<Option<Swept>>) {
    match swept {
        Ok(Some(Swept(counts))) => {
            for (name, count) in counts {
                if name == ERASED_ACCOUNTS {
                    tracing::info!(event = "user_deleted", erased = count, "erased accounts that were due");
                } else {
                    tracing::debug!(sweep = name, count, "swept");
                }
            }
        }
        Ok(None) => tracing::warn!("sweeps took too long; continuing next round"),
        Err(error) => tracing::warn!(%error, "cannot sweep: the database is unavailable"),
    }
}

/// Runs sweeps in sequence. A failed sweep is logged and does not stop the others.
///
/// # Errors
/// If the database is unavailable.
pub async fn sweep(state: &AppState, sweeps: &[&Sweep]) -> sqlx::Result<Swept> {
    // If the database is unavailable, fails here once instead of in each sweep.
    drop(state.db.acquire().await?);
    let mut swept = Swept::default();
    for sweep in sweeps {
        match until_none(state, sweep).await {
            Ok(0) => {}
            Ok(count) => swept.0.push((sweep.name, count)),
            Err(error) => {
                let error = db::without_values(&error);
                tracing::warn!(sweep = sweep.name, error, "sweep failed; retrying next round");
            }
        }
    }
    Ok(swept)
}

/// Repeats a sweep, which processes one batch at a time, until no rows are left.
async fn until_none(state: &AppState, sweep: &Sweep) -> sqlx::Result<u64> {
    let mut total = 0;
    loop {
        match (sweep.run)(state).await? {
            0 => return Ok(total),
            count => total += count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_starts_with_new_keys_and_ends_with_accounts_and_what_they_leave() {
        const NOTHING: Sweep = floor("nothing", Turn::Round, |_| Box::pin(async { Ok(0) }));
        const EARLY: Slice = Slice {
            routes: |routes| routes,
            sweeps: &[Sweep { name: "accounts", turn: Turn::Last, ..NOTHING }],
            emails: &[],
        };
        const LATE: Slice = Slice { sweeps: &[NOTHING, Sweep { name: "keys", turn: Turn::Start, ..NOTHING }], ..EARLY };
        let names: Vec<_> = sweeps(&[&EARLY, &LATE]).iter().map(|sweep| sweep.name).collect();
        assert_eq!(names[..3], ["keys", "signing_keys to re-encrypt", "nothing"]);
        assert_eq!(names[names.len() - 2..], ["accounts", "audit_origins_due"]);
    }
}
