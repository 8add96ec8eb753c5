//! The committer: one for the process. While one batch is being flushed the next gathers.

use super::Commits;
use crate::config::Deps;
use attune_batch::Batcher;
use std::sync::Arc;

/// Batches in flight at the same time. More than one keeps the database busy while a commit waits
/// for the disk; a run is never in two, since its actor waits for the answer.
const LANES: usize = 2;
/// Appends in one transaction.
const MOST: usize = 512;

/// Starts the committer.
pub(super) fn start(deps: &Deps) -> Commits {
    let runs = Arc::clone(&deps.stores.runs);
    let metrics = Arc::clone(&deps.metrics);
    Batcher::start(LANES, MOST, move |batch| {
        let runs = Arc::clone(&runs);
        let metrics = Arc::clone(&metrics);
        async move {
            let size = batch.len();
            let began = std::time::Instant::now();
            let answers = runs.append(batch).await;
            metrics.commits.committed(size, began.elapsed());
            answers
        }
    })
}
