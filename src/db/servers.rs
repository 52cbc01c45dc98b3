//! Failover between several servers of one database: a primary and its standbys.
//!
//! 1. [`Servers::best`] queries all of them and returns the first that accepts writes.
//! 2. [`Servers::follow`] watches the server in use. If it stops answering or turns read-only, and another accepts
//!    writes, the pool moves there and drops its old connections.
//!
//! This code does not elect a primary: promoting a standby requires fencing the old primary first. While the server in
//! use accepts writes, the pool stays with it.

use std::time::Duration;

use sqlx::{ConnectOptions as _, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::task::JoinSet;

use super::{ConnectionQuarantine, guarded};
use crate::config::Database;

/// Interval between checks of the server in use.
const EVERY: Duration = Duration::from_millis(500);
/// A slower server counts as down.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// Connection options of each server, in configured order; never empty.
#[derive(Clone, Debug)]
pub struct Servers(Vec<PgConnectOptions>);

impl Servers {
    /// Creates the list from the first server and its alternatives.
    pub fn new(first: PgConnectOptions, others: Vec<PgConnectOptions>) -> Self {
        Self([vec![first], others].concat())
    }

    /// Returns the servers of `DATABASE_URL`, if it is set.
    pub fn configured(database: &Database) -> Option<Self> {
        Some(Self::new(database.url.clone()?, database.others.clone()))
    }

    /// Returns whether there is more than one server.
    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// Returns the server that accepts writes, or the first if none does.
    pub async fn best(&self) -> PgConnectOptions {
        let found = if self.are_several() { self.find().await.map_or(0, |(at, _)| at) } else { 0 };
        self.0[found].clone()
    }

    /// Queries all servers concurrently, so that a silent one delays nothing.
    async fn find(&self) -> Option<(usize, PgConnection)> {
        let mut checks = JoinSet::new();
        for (at, server) in self.0.iter().cloned().enumerate() {
            checks.spawn(tokio::time::timeout(CHECK_TIMEOUT, async move {
                let mut connection = server.connect().await?;
                let writes = takes_writes(&mut connection).await?;
                Ok::<_, sqlx::Error>(writes.then_some((at, connection)))
            }));
        }
        while let Some(answer) = checks.join_next().await {
            if let Ok(Ok(Ok(Some(found)))) = answer {
                return Some(found);
            }
        }
        None
    }

    /// Keeps the pool connected to the server that accepts writes; never returns.
    pub async fn follow(&self, pool: &PgPool, quarantine: &ConnectionQuarantine) {
        // The pool's server, as far as known, and a separate connection to check it.
        let mut current: Option<(usize, PgConnection)> = None;
        loop {
            let mut holds = false;
            if let Some((_, connection)) = &mut current {
                holds = matches!(tokio::time::timeout(CHECK_TIMEOUT, takes_writes(connection)).await, Ok(Ok(true)));
            }
            if !holds && let Some((at, connection)) = self.find().await {
                if current.as_ref().is_none_or(|(before, _)| *before != at) {
                    move_to(pool, &self.0[at], quarantine).await;
                }
                current = Some((at, connection));
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

/// Returns whether this server accepts writes.
pub async fn takes_writes(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let writes = sqlx::query_scalar!(r#"select current_setting('transaction_read_only') = 'off' as "writes!""#);
    writes.fetch_one(connection).await
}

/// Returns the major version of this server.
pub async fn server_version(connection: &mut PgConnection) -> sqlx::Result<i32> {
    let version = sqlx::query_scalar!(r#"select current_setting('server_version_num')::int / 10000 as "version!""#);
    version.fetch_one(connection).await
}

async fn move_to(pool: &PgPool, server: &PgConnectOptions, quarantine: &ConnectionQuarantine) {
    let there =
        |options: &PgConnectOptions| (options.get_host().to_owned(), options.get_port(), options.get_socket().cloned());
    if there(&pool.connect_options()) == there(server) {
        return;
    }
    let (host, port) = (server.get_host(), server.get_port());
    tracing::warn!(host, port, "database failover: another server accepts writes");
    quarantine.fail_over(|| pool.set_connect_options(guarded(server.clone())));
}
