//! Tells apps which sessions have ended (OpenID Connect Back-Channel Logout 1.0).
//!
//! 1. Every replica claims deliveries that no other has. A claim is a lease: one whose replica died is claimed again.
//! 2. An app that does not accept one is asked again, later each time, for a day.
//! 3. No database connection is held while an app answers.

use std::time::Duration;

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    outbox::patience::{around, growing},
    within,
};
use crate::{
    db,
    features::end_session::{self, Delivery},
    http::server::stopping,
    state::AppState,
    types::instant,
};

/// How many deliveries a replica makes at once.
const AT_ONCE: usize = 16;
/// How long the database may take.
const DATABASE_WITHIN: Duration = Duration::from_secs(5);

/// The job's timing; a parameter, so that tests need not wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often it looks for deliveries.
    pub look: Duration,
    /// How long one is claimed: longer than it can take.
    pub lease: Duration,
    /// When one is retried first; each further retry waits twice as long.
    pub first_retry: Duration,
    /// The longest wait.
    pub longest_retry: Duration,
    /// How long it is retried.
    pub worth: Duration,
    /// How long deliveries under way may take when the service stops.
    pub finish: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            lease: Duration::from_secs(30),
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_secs(3600),
            worth: Duration::from_secs(86_400),
            finish: Duration::from_secs(4),
        }
    }
}

/// Delivers until `stop` says true.
pub async fn run(state: AppState, patience: Patience, mut stop: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    let (mut is_down, mut next) = (false, instant());
    loop {
        if running.len() < AT_ONCE && instant() >= next {
            next = instant() + patience.look;
            let claimed = within(&state, DATABASE_WITHIN, claim(&state, AT_ONCE - running.len(), patience.lease)).await;
            let claimed = claimed.unwrap_or(Err(sqlx::Error::PoolTimedOut));
            note_database(&mut is_down, claimed.as_ref().err());
            for delivery in claimed.unwrap_or_default() {
                running.spawn(deliver(state.clone(), delivery, patience));
            }
        }
        tokio::select! {
            () = stopping(&mut stop) => break,
            Some(_) = running.join_next() => {}
            () = sleep(next.saturating_duration_since(instant())), if running.len() < AT_ONCE => {}
        }
    }
    // The lease of what is cut off runs out.
    timeout(patience.finish, async { while running.join_next().await.is_some() {} }).await.ok();
}

async fn claim(state: &AppState, most: usize, lease: Duration) -> sqlx::Result<Vec<Delivery>> {
    end_session::claim(&mut *state.db.acquire().await?, most, lease).await
}

/// Logs once that the database is down.
fn note_database(is_down: &mut bool, failed: Option<&sqlx::Error>) {
    let was_down = std::mem::replace(is_down, failed.is_some());
    if let Some(error) = failed.filter(|_| !was_down) {
        let error = db::without_values(error);
        tracing::warn!(error, "cannot read which apps to notify of ended sessions; retrying");
    }
}

async fn deliver(state: AppState, delivery: Delivery, patience: Patience) {
    let retry = match end_session::deliver(&state, &delivery).await {
        Ok(()) => None,
        Err(error) => {
            let tries = delivery.tries.unsigned_abs();
            let wait = around(growing(patience.first_retry, tries, patience.longest_retry));
            let is_worth_it = delivery.age + wait.as_secs_f64() < patience.worth.as_secs_f64();
            let client_id = &delivery.client_id;
            if is_worth_it {
                tracing::debug!(client_id, tries, %error, "an app did not accept a logout token; retrying");
            } else {
                tracing::warn!(client_id, tries, %error, "an app was not told that a session ended");
            }
            is_worth_it.then_some(wait)
        }
    };
    // Without the database, the lease runs out, and the app is told again.
    within(&state, DATABASE_WITHIN, settle(&state, &delivery, retry)).await;
}

async fn settle(state: &AppState, delivery: &Delivery, retry: Option<Duration>) -> sqlx::Result<()> {
    let mut connection = state.db.acquire().await?;
    match retry {
        Some(wait) => end_session::postpone(&mut connection, delivery, wait).await,
        None => end_session::remove(&mut connection, delivery).await,
    }
}
