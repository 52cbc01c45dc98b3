//! Runs every request to completion, even if the client disconnects.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use axum::response::{IntoResponse as _, Response};
use tracing::Instrument as _;

use super::AppError;
use crate::state::AppState;

/// Request timeout; longer than the statement timeout and the timeout for reading forms.
const DEADLINE: Duration = Duration::from_secs(10);

/// The future of a response.
pub(super) type Work = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Runs a request in a separate task, unless it is ready immediately. Shutdown waits for the task.
///
/// A client that disconnects does not cancel the task, so no transaction is interrupted (sqlx #4393), and a started
/// write is finished. A panic in a handler becomes a 500. Only a request that exceeds [`DEADLINE`] is cancelled: then
/// the database has stopped responding, and the request's connection is quarantined.
pub(super) async fn run_to_the_end(state: &AppState, mut work: Work) -> Response {
    // Polls once inline: a handler that is ready immediately needs no task.
    let first = poll_fn(|context| Poll::Ready(catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))));
    match first.await {
        Ok(Poll::Ready(response)) => return response,
        Ok(Poll::Pending) => {}
        Err(_) => return AppError::fault("a handler panicked").into_response(),
    }
    let quarantine = state.quarantine.clone();
    // Inside the task, because a disconnecting client cancels the code that waits for the task.
    let bounded = async move {
        match tokio::time::timeout(DEADLINE, &mut work).await {
            Ok(response) => response,
            Err(elapsed) => {
                quarantine.note();
                drop(work);
                AppError::Unavailable { retry_after: Duration::from_secs(5), cause: Arc::new(elapsed) }.into_response()
            }
        }
    };
    match state.requests.spawn(bounded.in_current_span()).await {
        Ok(response) => response,
        Err(panicked) => AppError::Fault(Arc::new(panicked)).into_response(),
    }
}
