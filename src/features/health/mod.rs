//! What an orchestrator asks.
//!
//! `/livez`: the process answers. It never asks the database, so that an outage there restarts nothing here.
//! `/readyz`: the database answers within a second and takes writes.

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
    web::{Access, Slice, paths},
};

/// A database that needs longer is no use to a visitor.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// Liveness and readiness.
pub const SLICE: Slice =
    Slice::new(|r| r.get(paths::LIVEZ, Access::Public, live).get(paths::READYZ, Access::Public, ready));

async fn live() -> Response {
    answer(StatusCode::OK, r#"{"live":true}"#)
}

async fn ready(State(state): State<AppState>) -> Response {
    match takes_writes(&state).await {
        Some(true) => answer(StatusCode::OK, r#"{"ready":true}"#),
        Some(false) => unavailable(r#"{"ready":false,"because":"the database is read-only"}"#),
        None => unavailable(r#"{"ready":false,"because":"the database does not answer"}"#),
    }
}

/// Returns `None` when the database does not answer in time.
async fn takes_writes(state: &AppState) -> Option<bool> {
    let mut connection = timeout(ANSWERS_WITHIN, state.db.acquire()).await.ok()?.ok()?;
    let asked = timeout(ANSWERS_WITHIN, db::takes_writes(&mut connection)).await;
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
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}
