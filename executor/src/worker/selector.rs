//! Queues of attempts that not every worker of a pool may run: those whose tasks ask for labels.
//!
//! Such attempts lie in a queue of their pool and selector. Which queues there are stands in the
//! store; owns the choice of those that this worker's labels satisfy. Asked when the worker starts,
//! when its ear for requests is (re)made, when somebody tells of a new queue, and now and then, since
//! what is told may be lost and queues fall out of use. Failure: with the database away it keeps to the queues that it knows.

use super::Shared;
use attune_port::{QUEUE_KEPT, WorkQueue};
use attune_types::selects;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// How often the store is asked unasked.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// After the database did not answer.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The queues beside those of the pools themselves.
pub(super) struct Selectors {
    queues: watch::Sender<BTreeSet<String>>,
    look: Notify,
}

impl Default for Selectors {
    fn default() -> Self {
        Self {
            queues: watch::Sender::new(BTreeSet::new()),
            look: Notify::new(),
        }
    }
}

impl Selectors {
    /// The queues that this worker takes from, whenever they change.
    pub(super) fn queues(&self) -> watch::Receiver<BTreeSet<String>> {
        self.queues.subscribe()
    }

    /// Something may have been missed.
    pub(super) fn look(&self) {
        self.look.notify_one();
    }

    /// Takes from these too. They stand in the store, but a look that began before may not have seen
    /// them: it is done again.
    fn add(&self, queues: BTreeSet<String>) {
        let new = self.queues.send_if_modified(|known| {
            let before = known.len();
            known.extend(queues);
            known.len() > before
        });
        if new {
            self.look();
        }
    }

    /// Takes from these and no others: the rest has been out of use for long.
    fn keep(&self, queues: BTreeSet<String>) {
        self.queues.send_if_modified(|known| {
            let changed = *known != queues;
            *known = queues;
            changed
        });
    }
}

impl Shared {
    /// Takes from those of these queues that this worker may take from.
    pub(super) fn offered(&self, queues: Vec<WorkQueue>) {
        let fit = self.fitting(queues);
        self.selectors.add(fit);
    }

    fn fitting(&self, queues: Vec<WorkQueue>) -> BTreeSet<String> {
        queues
            .into_iter()
            .filter(|queue| {
                self.config.pools.contains(&queue.pool)
                    && selects(&queue.selector, &self.config.labels)
            })
            .map(|queue| queue.name)
            .collect()
    }
}

/// Looks until `stop`. A worker without labels satisfies no selector.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    if shared.config.labels.is_empty() {
        return;
    }
    loop {
        let pools = &shared.config.pools;
        let wait = match shared.deps.work.queues(pools, QUEUE_KEPT).await {
            Ok(queues) => {
                let fit = shared.fitting(queues);
                shared.selectors.keep(fit);
                LOOK_EVERY
            }
            Err(error) => {
                tracing::warn!(%error, "queues for workers with labels could not be read");
                LOOK_AGAIN
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.selectors.look.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}
