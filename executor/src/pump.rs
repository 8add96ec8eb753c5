//! The sweep: finds by the database alone what a lost message or a resting actor would leave behind.
//!
//! Looks at the runs of the owned shards that are due, at claims that no worker stands behind, and at
//! events that no rule has seen. If every queue were emptied, this alone would finish every run.

use crate::run::Registry;
use crate::trigger::Matcher;
use attune_flow::run::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Runs, claims or events taken by one sweep; the next one follows at once if that was full.
const MOST: u32 = 1_000;
/// Later than this, something that should have happened by itself did not.
const LATE: Duration = Duration::from_secs(1);
/// The shard whose owner also looks at what belongs to no shard.
const COMMON_SHARD: u16 = 0;

/// Sweeps until `stop`.
pub(crate) async fn run(registry: Arc<Registry>, matcher: Arc<Matcher>, stop: CancellationToken) {
    let every = registry.shared.config.sweep_every;
    loop {
        let owned: Vec<u16> = registry.owned().into_keys().collect();
        let mut wait = every;
        if !owned.is_empty() {
            let full = sweep_runs(&registry, &owned).await;
            sweep_claims(&registry).await;
            if owned.contains(&COMMON_SHARD) {
                sweep_events(&registry, &matcher).await;
            }
            wait = if full {
                Duration::ZERO
            } else {
                next(&registry, &owned)
                    .await
                    .map_or(every, |due| due.min(every))
            };
        }
        let metrics = &registry.shared.deps.metrics.executor;
        metrics.actors_live.set(registry.live_actors());
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait.max(Duration::from_millis(10))) => {}
        }
    }
}

async fn next(registry: &Registry, owned: &[u16]) -> Option<Duration> {
    match registry.shared.deps.stores.runs.next_wake(owned).await {
        Ok(wait) => wait,
        Err(error) => {
            tracing::warn!(%error, "the next due run could not be read");
            None
        }
    }
}

async fn sweep_runs(registry: &Registry, owned: &[u16]) -> bool {
    let shared = &registry.shared;
    let grace = shared.config.grace;
    match shared.deps.stores.runs.due(owned, grace, MOST).await {
        Ok(due) => {
            let full = due.len() >= MOST as usize;
            for (run, late) in due {
                shared.deps.metrics.executor.wake_lag.took(late);
                if late >= LATE {
                    tracing::warn!(%run, late_ms = late.as_millis(), live = registry.is_live(run), "the sweep had to bring a run back");
                    shared.deps.metrics.executor.sweep_repaired("run", 1);
                }
                registry.look(run, None);
                registry.command(run, Command::Wake, None, None);
            }
            full
        }
        Err(error) => {
            tracing::warn!(%error, "due runs could not be read");
            false
        }
    }
}

async fn sweep_claims(registry: &Registry) {
    let shared = &registry.shared;
    let lost = shared
        .deps
        .stores
        .work
        .lost(shared.config.lost_after, MOST)
        .await;
    match lost {
        Ok(lost) => {
            for claim in lost {
                // Every executor sees every lost claim; the owner of the run acts.
                if !registry.owns(claim.run) {
                    continue;
                }
                tracing::warn!(run = %claim.run, attempt = %claim.attempt, worker = claim.worker, "an attempt was lost");
                shared.deps.metrics.workers.attempts_lost.inc();
                let reason = format!(
                    "worker {} has not been heard of for {} s",
                    claim.worker,
                    claim.silent_for.as_secs()
                );
                let command = Command::AttemptLost {
                    attempt: claim.attempt,
                    reason,
                };
                registry.command(claim.run, command, None, None);
            }
        }
        Err(error) => tracing::warn!(%error, "lost claims could not be read"),
    }
}

async fn sweep_events(registry: &Registry, matcher: &Matcher) {
    let shared = &registry.shared;
    match shared
        .deps
        .stores
        .events
        .pending(shared.config.grace, MOST)
        .await
    {
        Ok(pending) if pending.is_empty() => {}
        Ok(pending) => {
            let repaired = pending.len() as u64;
            shared
                .deps
                .metrics
                .executor
                .sweep_repaired("event", repaired);
            if let Err(error) = matcher.ingest(pending).await {
                tracing::warn!(%error, "events that no rule has seen could not be matched");
            }
        }
        Err(error) => tracing::warn!(%error, "pending events could not be read"),
    }
}
