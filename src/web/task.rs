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

/// What answers a request.
pub(super) type Work = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Runs a request that has anything to wait for in a task of its own, which a stop of the service waits for.
///
/// A client that hangs up drops only the waiting, not the work: a transaction is never cut between
/// its `BEGIN` and its end (sqlx #4393), and a write that was begun is finished. A panic in a
/// handler ends this request with 500 and nothing else. Only a request that is past all limits of its
/// own is ended here: the database fell silent, and its connection is given up with it.
pub(super) async fn run_to_the_end(state: &AppState, mut work: Work) -> Response {
    // What is answered from memory waits for nothing, and cannot be cut.
    let first = poll_fn(|context| Poll::Ready(catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))));
    match first.await {
        Ok(Poll::Ready(response)) => return response,
        Ok(Poll::Pending) => {}
        Err(_) => return AppError::fault("a handler panicked").into_response(),
    }
    let given_up = state.given_up.clone();
    // In the task, because a client that hangs up takes with it whoever waits for the task.
    let bounded = async move {
        match tokio::time::timeout(DEADLINE, &mut work).await {
            Ok(response) => response,
            Err(elapsed) => {
                given_up.note();
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
