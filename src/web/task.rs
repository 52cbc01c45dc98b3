//! A request runs to its end, whatever the client does.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tracing::Instrument as _;

use super::AppError;
use crate::state::AppState;

/// Nothing we do takes this long; see the statement timeout and the limits on forms.
const DEADLINE: Duration = Duration::from_secs(10);

/// The layer that runs each request in a task of its own, which a stop of the service waits for.
///
/// A client that hangs up drops only the waiting, not the work: a transaction is never cut between
/// its `BEGIN` and its end (sqlx #4393), and a write that was begun is finished. A panic in a
/// handler ends this request with 500 and nothing else. Only a request that is past all limits of its
/// own is ended here: the database fell silent, and its connection is given up with it.
pub async fn run_to_the_end(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let changes = !request.method().is_safe();
    let (running, lookup) = (next.run(request), state.lookup.clone());
    let to_the_end = async move {
        let response = running.await;
        if changes {
            // Nobody is told that a session has ended while this replica still takes it for live.
            lookup.catch_up().await;
        }
        response
    };
    let task = state.requests.spawn(to_the_end.in_current_span());
    let abort = task.abort_handle();
    match tokio::time::timeout(DEADLINE, task).await {
        Ok(Ok(response)) => response,
        Ok(Err(panicked)) => AppError::Fault(std::sync::Arc::new(panicked)).into_response(),
        Err(elapsed) => {
            state.given_up.note();
            abort.abort();
            AppError::Unavailable { retry_after: Duration::from_secs(5), cause: std::sync::Arc::new(elapsed) }
                .into_response()
        }
    }
}
