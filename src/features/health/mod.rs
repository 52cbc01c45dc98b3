//! What an orchestrator asks.
//!
//! `/livez`: the process answers; it never asks the database, so that an outage there restarts
//! nothing here. `/readyz`: the database answers within a second and takes writes.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use crate::{
    db,
    state::AppState,
    web::{access::Access, paths, routes::Routes},
};

/// A database that needs longer is no use to a visitor.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::LIVEZ, Access::Public, live).get(paths::READYZ, Access::Public, ready)
}

async fn live() -> Response {
    answer(StatusCode::OK, r#"{"live":true}"#)
}

async fn ready(State(state): State<AppState>) -> Response {
    let Ok(Ok(mut connection)) = tokio::time::timeout(ANSWERS_WITHIN, state.db.acquire()).await else { return away() };
    match tokio::time::timeout(ANSWERS_WITHIN, db::takes_writes(&mut connection)).await {
        Ok(Ok(true)) => answer(StatusCode::OK, r#"{"ready":true}"#),
        Ok(Ok(false)) => {
            answer(StatusCode::SERVICE_UNAVAILABLE, r#"{"ready":false,"because":"the database is read-only"}"#)
        }
        Ok(Err(_)) => away(),
        Err(_) => {
            // Not for a pool that is merely busy: that one needs its connections.
            state.given_up.note();
            away()
        }
    }
}

fn away() -> Response {
    answer(StatusCode::SERVICE_UNAVAILABLE, r#"{"ready":false,"because":"the database does not answer"}"#)
}

fn answer(status: StatusCode, body: &'static str) -> Response {
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}
