//! What happens by itself: letters are sent ([`outbox`]), the audit trail is chained ([`chain`]), and
//! what has ended is removed, accounts among it, in a loop. The same loop seals anew what an older key sealed.
//!
//! Every replica runs it. Each statement finds its rows by an index and takes those that no other has
//! locked, a thousand at a time, so replicas share the work, no visitor waits for it, and PostgreSQL
//! cleans up behind it as it goes.

pub mod chain;
pub mod outbox;

use std::{pin::pin, time::Duration};

use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;

use crate::{
    accounts::links,
    audit,
    features::{deletion, email, passkeys::ceremonies, totp},
    http::server::stopping,
    limits,
    sessions::{ended, known_browsers, pending},
    state::AppState,
    types::Entropy,
    web::session_store,
};

/// How often one replica looks.
const EVERY: Duration = Duration::from_secs(300);
/// How long one look may take before the next one tries.
const WITHIN: Duration = Duration::from_secs(120);

/// Sweeps until `stop` says true.
pub async fn run(state: AppState, mut stop: watch::Receiver<bool>) {
    loop {
        // At once after a start: that is when a key is new.
        tokio::select! {
            () = stopping(&mut stop) => return,
            () = reseal_within(&state, WITHIN) => {}
        }
        tokio::select! {
            () = stopping(&mut stop) => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let swept = tokio::select! {
            // What a sweep has begun, the database ends or takes back by itself.
            () = stopping(&mut stop) => return,
            swept = sweep_within(&state, WITHIN) => swept,
        };
        match swept {
            Ok(Some(swept)) => swept.note(),
            // The next round tries again; the service itself reports a database that is away.
            Err(error) => tracing::warn!(%error, "could not sweep"),
            Ok(None) => tracing::warn!("gave up a sweep that took too long"),
        }
    }
}

/// Seals with the newest key what an older one sealed. What is not done in time is left to the next round.
async fn reseal_within(state: &AppState, time: Duration) {
    let mut resealing = pin!(tokio::time::timeout(time, totp::reseal(state)));
    match (&mut resealing).await {
        Ok(Ok(0)) => {}
        Ok(Ok(seeds)) => tracing::info!(seeds, "sealed the seeds of authenticator apps with the newest key"),
        Ok(Err(error)) => tracing::warn!(%error, "could not seal seeds with the newest key"),
        Err(_) => {
            // Before the connection goes back in the middle of a statement.
            state.given_up.note();
            tracing::warn!("gave up sealing seeds with the newest key, which took too long");
        }
    }
}

/// Sweeps, or gives up when that takes too long.
///
/// # Errors
/// Only the database's.
pub async fn sweep_within(state: &AppState, time: Duration) -> sqlx::Result<Option<Swept>> {
    let mut sweeping = pin!(tokio::time::timeout(time, sweep(&state.db)));
    let swept = (&mut sweeping).await;
    if swept.is_err() {
        // Before the connection goes back in the middle of a statement, or of a transaction that would
        // swallow what the next one does.
        state.given_up.note();
    }
    swept.ok().transpose()
}

/// How many rows one sweep removed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Swept {
    /// Session rows.
    pub sessions: u64,
    /// Rows of the browser session store.
    pub browser_sessions: u64,
    /// Attempt limits.
    pub limits: u64,
    /// Known browsers.
    pub browsers: u64,
    /// Accounts whose day had come.
    pub erased: u64,
    /// Accounts whose address was not shown in time.
    pub unverified: u64,
    /// Mailed links.
    pub links: u64,
    /// Addresses that were given up.
    pub addresses: u64,
    /// Sign-ins whose second factor never came.
    pub pending: u64,
    /// Authenticator apps that nobody confirmed.
    pub enrolments: u64,
    /// Ceremonies of passkeys.
    pub ceremonies: u64,
    /// Turns at the origins of events whose account is gone.
    pub origins: u64,
}

impl Swept {
    fn note(self) {
        let Self {
            sessions,
            browser_sessions,
            limits,
            browsers,
            erased,
            unverified,
            links,
            addresses,
            pending,
            enrolments,
            ceremonies,
            origins,
        } = self;
        if erased > 0 {
            tracing::info!(event = "user_deleted", erased, "accounts were erased, as their owners had asked");
        }
        tracing::debug!(
            sessions,
            browser_sessions,
            limits,
            browsers,
            unverified,
            links,
            addresses,
            pending,
            enrolments,
            ceremonies,
            origins,
            "swept"
        );
    }
}

/// Removes everything that has ended. What cannot be removed keeps nothing else from going: it is
/// logged, and tried again the next time.
///
/// # Errors
/// When the database is away.
pub async fn sweep(db: &PgPool) -> sqlx::Result<Swept> {
    let mut connection = db.acquire().await?;
    let mut swept = Swept {
        sessions: or_log("sessions", until_none(&mut connection, ended::sweep).await),
        browser_sessions: or_log("browser sessions", until_none(&mut connection, session_store::sweep).await),
        limits: or_log("limits", until_none(&mut connection, limits::sweep).await),
        browsers: or_log("browsers", until_none(&mut connection, known_browsers::sweep).await),
        links: or_log("links", until_none(&mut connection, links::sweep).await),
        addresses: or_log("addresses", until_none(&mut connection, email::sweep).await),
        pending: or_log("pending sign-ins", until_none(&mut connection, pending::sweep).await),
        enrolments: or_log("enrolments", until_none(&mut connection, totp::sweep).await),
        ceremonies: or_log("ceremonies", until_none(&mut connection, ceremonies::sweep).await),
        ..Swept::default()
    };
    drop(connection);
    // Accounts come last: a large one may take all the time that there is, and nothing else is to wait for it.
    swept.unverified = or_log("accounts that nobody verified", deletion::drop_unverified(db).await);
    swept.erased = or_log("accounts to erase", deletion::erase_due(db, Entropy).await);
    swept.origins = or_log("origins", until_none(&mut *db.acquire().await?, audit::forget_due).await);
    Ok(swept)
}

fn or_log(what: &str, swept: sqlx::Result<u64>) -> u64 {
    swept.unwrap_or_else(|error| {
        tracing::warn!(what, %error, "could not sweep everything");
        0
    })
}

/// Repeats a sweep of limited size until nothing is left.
async fn until_none(
    connection: &mut PgConnection,
    sweep: impl AsyncFn(&mut PgConnection) -> sqlx::Result<u64>,
) -> sqlx::Result<u64> {
    let mut total = 0;
    loop {
        let removed = sweep(connection).await?;
        total += removed;
        if removed == 0 {
            return Ok(total);
        }
    }
}
