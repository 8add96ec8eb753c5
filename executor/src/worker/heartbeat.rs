//! Telling that the worker lives, and hearing what is settled.
//!
//! Owns the beat. Called at an even pace, and more often at the end. Failure: a beat that did not
//! reach the store is left out; silence for too long makes the claims lapse, and the attempts' runs
//! decide.

use super::Shared;
use std::sync::Arc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(shared.config.heartbeat);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => beat(&shared).await,
        }
    }
}

/// One beat.
pub(super) async fn beat(shared: &Shared) {
    let used = shared.holdings.running();
    let free = (shared.config.slots as usize).saturating_sub(used);
    for pool in &shared.config.pools {
        shared.deps.metrics.workers.slots(pool, used, free);
    }
    let holding = shared.holdings.list();
    match shared.deps.work.heartbeat(&shared.info, &holding).await {
        Ok(settled) => shared.holdings.settled(&settled),
        Err(error) => tracing::warn!(%error, "a heartbeat was not noted"),
    }
}
