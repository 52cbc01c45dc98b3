//! Health probes for orchestrators.
//!
//! `/livez`: the process is running. It never queries the database, so that a database outage causes no restarts.
//! `/readyz`: the database responds within a second, accepts writes, and can write to its disk.

use std::time::Duration;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};

use tokio::time::timeout;

use crate::{
    db,
    state::AppState,
    web::{Access, JSON, Slice, paths},
};

/// Timeout of the readiness probe.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// Liveness and readiness.
pub const SLICE: Slice =
    Slice::new(|r| r.get(paths::LIVEZ, Access::Public, live).get(paths::READYZ, Access::Public, ready));

async fn live() -> Response {
    answer(StatusCode::OK, r#"{"live":true}"#)
}

async fn ready(State(state): State<AppState>) -> Response {
    match database(&state).await {
        Some(Database::TakesWrites) => answer(StatusCode::OK, r#"{"ready":true}"#),
        Some(Database::ReadOnly) => unavailable(r#"{"ready":false,"because":"the database is read-only"}"#),
        Some(Database::CannotWrite) => {
            unavailable(r#"{"ready":false,"because":"the database cannot write to its disk"}"#)
        }
        None => unavailable(r#"{"ready":false,"because":"the database does not answer"}"#),
    }
}

enum Database {
    TakesWrites,
    ReadOnly,
    /// Its disk is full or broken, so nobody can sign in.
    CannotWrite,
}

/// Returns `None` when the database does not answer in time.
async fn database(state: &AppState) -> Option<Database> {
    let mut connection = timeout(ANSWERS_WITHIN, state.db.acquire()).await.ok()?.ok()?;
    let asked = timeout(ANSWERS_WITHIN, async {
        if !db::takes_writes(&mut connection).await? {
            return Ok::<_, sqlx::Error>(Database::ReadOnly);
        }
        let can_write = state.disk.can_write(&mut connection).await?;
        Ok(if can_write { Database::TakesWrites } else { Database::CannotWrite })
    });
    let asked = asked.await;
    if asked.is_err() {
        // A pool that is merely busy needs its connections, and is not quarantined.
        state.quarantine.note();
    }
    asked.ok()?.ok()
}

fn unavailable(body: &'static str) -> Response {
    answer(StatusCode::SERVICE_UNAVAILABLE, body)
}

fn answer(status: StatusCode, body: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, JSON)], body).into_response()
}
