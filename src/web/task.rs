//! A request runs to its end, whatever the client does.

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

/// Nothing we do takes this long; see the statement timeout and the limits on forms.
const DEADLINE: Duration = Duration::from_secs(10);

/// Runs a request that has anything to wait for in a task of its own, which a stop of the service waits for.
///
/// A client that hangs up drops only the waiting, not the work: a transaction is never cut between
/// its `BEGIN` and its end (sqlx #4393), and a write that was begun is finished. A panic in a
/// handler ends this request with 500 and nothing else. Only a request that is past all limits of its
/// own is ended here: the database fell silent, and its connection is given up with it.
pub(super) async fn run_to_the_end(
    state: &AppState,
    work: impl Future<Output = Response> + Send + 'static,
) -> Response {
    let mut work: Pin<Box<dyn Future<Output = Response> + Send>> = Box::pin(work);
    // What is answered from memory waits for nothing, and cannot be cut.
    let first = poll_fn(|context| Poll::Ready(catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))));
    match first.await {
        Ok(Poll::Ready(response)) => return response,
        Ok(Poll::Pending) => {}
        Err(_) => return AppError::fault("a handler panicked").into_response(),
    }
    let task = state.requests.spawn(work.in_current_span());
    let abort = task.abort_handle();
    match tokio::time::timeout(DEADLINE, task).await {
        Ok(Ok(response)) => response,
        Ok(Err(panicked)) => AppError::Fault(Arc::new(panicked)).into_response(),
        Err(elapsed) => {
            state.given_up.note();
            abort.abort();
            AppError::Unavailable { retry_after: Duration::from_secs(5), cause: Arc::new(elapsed) }.into_response()
        }
    }
}
