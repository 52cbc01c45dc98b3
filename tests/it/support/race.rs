//! Races: many futures wait at a barrier and start at the same instant.

use std::sync::Arc;

use tokio::{sync::Barrier, task::JoinSet};

/// Runs `n` futures that start together, and returns their results in order.
pub async fn race<T, F>(n: usize, contender: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let line = Arc::new(Barrier::new(n));
    let mut running = JoinSet::new();
    for i in 0..n {
        let (line, contender) = (Arc::clone(&line), contender(i));
        running.spawn(async move {
            line.wait().await;
            (i, contender.await)
        });
    }
    let mut said = running.join_all().await;
    said.sort_by_key(|(i, _)| *i);
    said.into_iter().map(|(_, said)| said).collect()
}
