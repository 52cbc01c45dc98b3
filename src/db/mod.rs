//! `PostgreSQL`: the pool, the migrations, and what its errors mean to a visitor.

#[cfg(feature = "embedded")]
pub mod embedded;
mod error;
mod migrations;

use std::time::Duration;

use sqlx::{
    Connection as _,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
};

pub use error::{Trouble, constraint, trouble};
pub use migrations::{MigrateError, is_current, migrate};

/// How long a request waits for a free connection before it is answered with 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that rested longer than this is tried before it is used again, so that a restart
/// of the server costs no visitor an error, and a busy connection no round trip.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A pool for the running service. Connects on first use, so that the service starts, and says that
/// it is not ready, while its database is away.
#[must_use]
pub fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(Duration::from_secs(30 * 60))
        .idle_timeout(Duration::from_secs(5 * 60))
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                // `Ok(false)` closes this connection and goes on to the next.
                Ok(about.idle_for < TRUSTED_IDLE || connection.ping().await.is_ok())
            })
        })
        .connect_lazy_with(guarded(options))
}

/// Limits that hold on every connection: no statement, no lock and no forgotten transaction may
/// keep others waiting for long.
fn guarded(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("vestibule").statement_cache_capacity(256).options([
        ("statement_timeout", "5s"),
        ("lock_timeout", "4s"),
        ("idle_in_transaction_session_timeout", "5s"),
    ])
}
