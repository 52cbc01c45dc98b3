//! Several servers of one database, at most one of which takes writes: the primary and its standbys.
//!
//! 1. [`Servers::best`] asks all of them at once and answers with the first that says it takes writes.
//! 2. [`Servers::follow`] watches the one that the pool connects to. When that falls silent or turns
//!    read-only, and another takes writes, the pool goes there: connections from before are used no
//!    more. As long as there is no other, nothing is changed.
//!
//! Who may be the primary is not decided here: whoever promotes a standby makes sure first that the old
//! primary is gone. While one that answers takes writes, the pool stays with it.

use std::time::Duration;

use sqlx::{ConnectOptions as _, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::task::JoinSet;

use super::{GivenUp, guarded};

/// How often the server in use is asked.
const EVERY: Duration = Duration::from_millis(500);
/// A server that needs longer to answer is away.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// How to reach each server, in the order in which they were named; never empty.
#[derive(Clone, Debug)]
pub struct Servers(Vec<PgConnectOptions>);

impl Servers {
    /// One server, and others that may take its place.
    #[must_use]
    pub fn new(first: PgConnectOptions, others: Vec<PgConnectOptions>) -> Self {
        Self([vec![first], others].concat())
    }

    /// Whether there is any choice.
    #[must_use]
    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// The one that takes writes, or else the first: to be tried again.
    pub async fn best(&self) -> PgConnectOptions {
        let found = if self.are_several() { self.find().await.map_or(0, |(at, _)| at) } else { 0 };
        self.0[found].clone()
    }

    /// Asks all at once: one that is silent keeps nobody waiting.
    async fn find(&self) -> Option<(usize, PgConnection)> {
        let mut asked = JoinSet::new();
        for (at, server) in self.0.iter().cloned().enumerate() {
            asked.spawn(tokio::time::timeout(ANSWERS_WITHIN, async move {
                let mut connection = server.connect().await?;
                let writes = takes_writes(&mut connection).await?;
                Ok::<_, sqlx::Error>(writes.then_some((at, connection)))
            }));
        }
        while let Some(answer) = asked.join_next().await {
            if let Ok(Ok(Ok(Some(found)))) = answer {
                return Some(found);
            }
        }
        None
    }

    /// Keeps the pool at the server that takes writes, for ever.
    pub async fn follow(&self, pool: &PgPool, given_up: &GivenUp) {
        // Where the pool is, as far as is known, and a connection of our own to ask there.
        let mut current: Option<(usize, PgConnection)> = None;
        loop {
            let holds = match &mut current {
                Some((_, connection)) => {
                    matches!(tokio::time::timeout(ANSWERS_WITHIN, takes_writes(connection)).await, Ok(Ok(true)))
                }
                None => false,
            };
            if !holds && let Some((at, connection)) = self.find().await {
                if current.as_ref().is_none_or(|(before, _)| *before != at) {
                    move_to(pool, &self.0[at], given_up).await;
                }
                current = Some((at, connection));
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

/// Whether this server takes writes.
///
/// # Errors
/// Only the database's.
pub async fn takes_writes(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("select current_setting('transaction_read_only') = 'off'").fetch_one(connection).await
}

async fn move_to(pool: &PgPool, server: &PgConnectOptions, given_up: &GivenUp) {
    let there =
        |options: &PgConnectOptions| (options.get_host().to_owned(), options.get_port(), options.get_socket().cloned());
    if there(&pool.connect_options()) == there(server) {
        return;
    }
    tracing::warn!(
        host = server.get_host(),
        port = server.get_port(),
        "another server of the database takes writes now"
    );
    given_up.moving(|| pool.set_connect_options(guarded(server.clone())));
}
