//! `PostgreSQL`: the pool, the migrations and error classification.

mod batcher;
mod disk;
mod error;
mod migrations;
mod servers;

use std::{
    future::ready,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    Connection as _,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
};
use tokio::time::timeout;

use crate::types::instant;

pub use batcher::{BatchQuery, Batcher};
pub use disk::DiskProbe;
pub use error::{Trouble, in_words, is_taken, trouble, without_values};
pub use migrations::{MigrateError, is_current, is_empty, migrate};
pub use servers::{Servers, server_version, takes_writes};

/// How long a request waits for a connection before it gets 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Connections idle for longer are pinged before use. A restart of the server then causes no errors, and busy
/// connections need no extra round trip.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A server with a slower ping counts as down.
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// How long after [`ConnectionQuarantine::note`] released connections are closed.
const QUARANTINE: Duration = Duration::from_secs(2);

/// Keeps broken connections out of the pool after a caller stopped waiting in the middle of a statement.
///
/// On a silent network the pool would ping a released connection for as long as TCP retransmits, occupying its slot. A
/// connection whose `BEGIN` was interrupted would look intact (sqlx #4393). So every connection released during the
/// quarantine is closed. After a failover ([`Servers::follow`]), so is every connection to the previous server.
#[derive(Clone, Debug, Default)]
pub struct ConnectionQuarantine(Arc<Mutex<Quarantine>>);

#[derive(Debug, Default)]
struct Quarantine {
    noted: Option<Instant>,
    moved: Option<Instant>,
}

impl ConnectionQuarantine {
    /// Starts the quarantine. Must be called before the connection is dropped.
    pub fn note(&self) {
        self.state().noted = Some(instant());
    }

    /// Points the pool at another server; connections opened before are not used again.
    fn fail_over(&self, moved: impl FnOnce()) {
        let mut state = self.state();
        moved();
        state.moved = Some(instant());
    }

    fn is_active(&self) -> bool {
        self.state().noted.is_some_and(|at| at.elapsed() < QUARANTINE)
    }

    /// Returns whether a connection of this age predates the last failover.
    fn predates_failover(&self, age: Duration) -> bool {
        self.state().moved.is_some_and(|at| at.elapsed() < age)
    }

    fn state(&self) -> MutexGuard<'_, Quarantine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Creates the service's pool. It connects on first use, so that the service starts, and reports that it is not ready,
/// while its database is down.
pub fn pool(options: PgConnectOptions, connections: u32, quarantine: ConnectionQuarantine) -> PgPool {
    let failed_over = quarantine.clone();
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(Duration::from_secs(30 * 60))
        .idle_timeout(Duration::from_secs(5 * 60))
        .test_before_acquire(false)
        .before_acquire(move |connection, about| {
            let outdated = failed_over.predates_failover(about.age);
            let trusted = about.idle_for < TRUSTED_IDLE;
            // `Ok(false)` closes this connection and tries the next.
            Box::pin(async move {
                Ok(!outdated && (trusted || matches!(timeout(PING_TIMEOUT, connection.ping()).await, Ok(Ok(())))))
            })
        })
        .after_release(move |_, about| {
            let discard = quarantine.is_active() || quarantine.predates_failover(about.age);
            // An error closes the connection without notifying the server, which may be unreachable.
            let kept = if discard { Err(io::Error::from(io::ErrorKind::TimedOut).into()) } else { Ok(true) };
            Box::pin(ready(kept))
        })
        .connect_lazy_with(guarded(options))
}

/// Creates a pool of one connection, for a command or for a holder that keeps it.
pub fn dedicated_pool(options: &PgConnectOptions) -> PgPool {
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT);
    pool.max_lifetime(None).idle_timeout(None).connect_lazy_with(options.clone())
}

/// Applies the settings of every connection. Statements, locks and idle transactions time out; connections of a
/// vanished replica are gone within half a minute; statements are planned once, for tables of any size.
fn guarded(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("vestibule").statement_cache_capacity(256).options([
        ("statement_timeout", "5s"),
        ("lock_timeout", "4s"),
        ("idle_in_transaction_session_timeout", "5s"),
        // TCP only; a Unix socket reports a dead peer at once.
        ("tcp_keepalives_idle", "10"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
        ("tcp_user_timeout", "20000"),
        // Every statement finds its rows by an index, whatever its values: a custom plan gains nothing.
        ("plan_cache_mode", "force_generic_plan"),
        // A cached plan outlives the table's growth: a sequential scan planned for one page would later read a million
        // rows, until the next ANALYZE.
        ("enable_seqscan", "off"),
        // Disabling sequential scans inflates the cost of those that remain, and would trigger the JIT.
        ("jit", "off"),
    ])
}
