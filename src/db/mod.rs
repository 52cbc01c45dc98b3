//! `PostgreSQL`: the pool, the migrations, and what its errors mean to a visitor.

mod error;
mod migrations;
mod servers;
mod together;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    Connection as _,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
};

pub use error::{Trouble, is_taken, trouble};
pub use migrations::{MigrateError, is_current, is_empty, migrate};
pub use servers::{Servers, takes_writes};
pub use together::{Ask, Together};

/// How long a request waits for a free connection before it is answered with 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that rested longer than this is tried before it is used again, so that a restart
/// of the server costs no visitor an error, and a busy connection no round trip.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A server that needs longer than this for an empty question is away.
const PING_WITHIN: Duration = Duration::from_secs(1);
/// For how long after [`GivenUp::note`] no connection goes back to the pool.
const IN_DOUBT: Duration = Duration::from_secs(2);

/// Tells the pool that somebody stopped waiting for the database in the middle of a statement.
///
/// A network that swallows everything tells nobody: the connection would be tried on its way back to
/// the pool, for as long as the system keeps sending, and hold its place meanwhile. So would one
/// whose `BEGIN` was cut short look whole (sqlx #4393). While there is doubt, every connection that
/// comes back is closed. And once the pool moved to another server ([`Servers::follow`]), so is every
/// connection from before.
#[derive(Clone, Debug, Default)]
pub struct GivenUp(Arc<Mutex<Doubts>>);

#[derive(Debug, Default)]
struct Doubts {
    noted: Option<Instant>,
    moved: Option<Instant>,
}

impl GivenUp {
    /// To be said before the connection is dropped.
    pub fn note(&self) {
        self.doubts().noted = Some(Instant::now());
    }

    /// Moves the pool: no connection from before is used again, by nobody who knows where it is now.
    fn moving(&self, moved: impl FnOnce()) {
        let mut doubts = self.doubts();
        moved();
        doubts.moved = Some(Instant::now());
    }

    fn lately(&self) -> bool {
        self.doubts().noted.is_some_and(|at| at.elapsed() < IN_DOUBT)
    }

    /// Whether a connection of this age is from before the pool moved.
    fn left_behind(&self, age: Duration) -> bool {
        self.doubts().moved.is_some_and(|at| at.elapsed() < age)
    }

    fn doubts(&self) -> MutexGuard<'_, Doubts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pool for the running service. Connects on first use, so that the service starts, and says that
/// it is not ready, while its database is away.
#[must_use]
pub fn pool(options: PgConnectOptions, connections: u32, given_up: GivenUp) -> PgPool {
    let moved = given_up.clone();
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(Duration::from_secs(30 * 60))
        .idle_timeout(Duration::from_secs(5 * 60))
        .test_before_acquire(false)
        .before_acquire(move |connection, about| {
            let left_behind = moved.left_behind(about.age);
            Box::pin(async move {
                if left_behind {
                    return Ok(false);
                }
                // `Ok(false)` closes this connection and goes on to the next.
                let trusted = about.idle_for < TRUSTED_IDLE;
                Ok(trusted || matches!(tokio::time::timeout(PING_WITHIN, connection.ping()).await, Ok(Ok(()))))
            })
        })
        .after_release(move |_, about| {
            let in_doubt = given_up.lately() || given_up.left_behind(about.age);
            // An error closes it without a word to the server, who may not be listening.
            Box::pin(
                async move { if in_doubt { Err(io::Error::from(io::ErrorKind::TimedOut).into()) } else { Ok(true) } },
            )
        })
        .connect_lazy_with(guarded(options))
}

/// A connection beside the pool and to the same server, for somebody who keeps it.
#[must_use]
pub fn beside(pool: &PgPool) -> PgPool {
    PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(PgConnectOptions::clone(&pool.connect_options()))
}

/// What holds on every connection: no statement, no lock and no forgotten transaction may keep others
/// waiting for long, what a replica leaves behind that vanished without a word is gone within half a minute, and
/// every statement is planned once, for tables of any size.
fn guarded(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("vestibule").statement_cache_capacity(256).options([
        ("statement_timeout", "5s"),
        ("lock_timeout", "4s"),
        ("idle_in_transaction_session_timeout", "5s"),
        // Over TCP; a Unix socket always hears.
        ("tcp_keepalives_idle", "10"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
        ("tcp_user_timeout", "20000"),
        // Every statement finds its rows by an index, whatever its values: there is nothing to plan anew.
        ("plan_cache_mode", "force_generic_plan"),
        // A plan is kept while its table grows: one that was made when all rows fitted a page, and read them
        // all, would read a million of them until the table is analyzed again.
        ("enable_seqscan", "off"),
        // What has to read a whole table all the same is made to look dear by that, and is not worth compiling.
        ("jit", "off"),
    ])
}
