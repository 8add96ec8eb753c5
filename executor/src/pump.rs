//! The sweep: finds by the database alone what a lost message or a resting actor would leave behind.
//!
//! Looks at the runs of the owned shards that are due, at claims that no worker stands behind, and at
//! events that no rule has seen. If every queue were emptied, this alone would finish every run.

use crate::run::Registry;
use crate::trigger::Matcher;
use attune_flow::run::Command;
use attune_port::LostClaim;
use attune_types::RunId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Runs, claims or events taken by one sweep; the next one follows at once if that was full.
const MOST: u32 = 1_000;
/// Later than this, something that should have happened by itself did not.
const LATE: Duration = Duration::from_secs(1);
/// Pause after a sweep that was full.
const FULL_PAUSE: Duration = Duration::from_millis(100);
/// Sweeps between two looks for places that were left behind.
const SLOTS_EVERY: u32 = 10;
/// The shard whose owner also looks at what belongs to no shard.
const COMMON_SHARD: u16 = 0;

/// Sweeps until `stop`.
pub(crate) async fn run(registry: Arc<Registry>, matcher: Arc<Matcher>, stop: CancellationToken) {
    let every = registry.shared.config.sweep_every;
    let mut told = HashMap::new();
    let mut store = StoreWatch::default();
    let mut others_at: Option<Instant> = None;
    let mut slots_at = 0u32;
    loop {
        let owned: Vec<u16> = registry.owned().into_keys().collect();
        let mut wait = every;
        if !owned.is_empty() {
            let full = sweep_runs(&registry, &owned, &mut told).await;
            // Timers bring the sweep here more often than the rest needs.
            if others_at.is_none_or(|at| at.elapsed() >= every) {
                others_at = Some(Instant::now());
                sweep_claims(&registry, &mut store).await;
                if owned.contains(&COMMON_SHARD) {
                    sweep_slots(&registry, &mut slots_at).await;
                    sweep_events(&registry, &matcher).await;
                }
            }
            wait = if full {
                FULL_PAUSE
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

async fn sweep_runs(
    registry: &Registry,
    owned: &[u16],
    told: &mut HashMap<RunId, Instant>,
) -> bool {
    let shared = &registry.shared;
    let grace = shared.config.grace;
    match shared.deps.stores.runs.due(owned, grace, MOST).await {
        Ok(due) => {
            let full = due.len() >= MOST as usize;
            let before = std::mem::take(told);
            // Under load there may be thousands: they are told of in one line.
            let mut repaired = Repaired::default();
            for (run, late) in due {
                if late < LATE && registry.is_live(run) {
                    // Its own timer is at it.
                    continue;
                }
                // One that is slow to get to it is not told again and again.
                if let Some(at) = before.get(&run).copied()
                    && at.elapsed() < shared.config.sweep_every
                {
                    told.insert(run, at);
                    continue;
                }
                told.insert(run, Instant::now());
                shared.deps.metrics.executor.wake_lag.took(late);
                if late >= LATE {
                    repaired.count(run, late, registry.is_live(run));
                }
                registry.look(run, None);
                registry.command(run, Command::Wake, None, None);
            }
            repaired.tell(registry);
            full
        }
        Err(error) => {
            tracing::warn!(%error, "due runs could not be read");
            false
        }
    }
}

/// Runs that a sweep had to bring back.
#[derive(Default)]
struct Repaired {
    runs: u64,
    /// Those of them that were in memory, where their own timers were late.
    live: u64,
    latest: Option<(Duration, RunId)>,
}

impl Repaired {
    fn count(&mut self, run: RunId, late: Duration, live: bool) {
        self.runs += 1;
        self.live += u64::from(live);
        self.latest = self.latest.max(Some((late, run)));
    }

    fn tell(&self, registry: &Registry) {
        let Some((late, run)) = self.latest else {
            return;
        };
        let (runs, live) = (self.runs, self.live);
        let late_ms = late.as_millis();
        tracing::warn!(runs, live, latest = %run, late_ms, "the sweep had to bring runs back");
        let metrics = &registry.shared.deps.metrics.executor;
        metrics.sweep_repaired("run", runs);
    }
}

/// Since when the store has answered without fail.
#[derive(Default)]
struct StoreWatch {
    since: Option<Instant>,
}

impl StoreWatch {
    fn answered(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    fn failed(&mut self) {
        self.since = None;
    }

    /// Whether a worker's silence is its own. While the store was away no worker could be heard, and
    /// each has as long as any other silence may last to be heard again.
    fn believes(&self, claim: &LostClaim, lost_after: Duration) -> bool {
        claim.silent_for < lost_after
            || self
                .since
                .is_some_and(|since| since.elapsed() >= lost_after)
    }
}

async fn sweep_claims(registry: &Registry, store: &mut StoreWatch) {
    let shared = &registry.shared;
    let lost = shared
        .deps
        .stores
        .work
        .lost(shared.config.lost_after, MOST)
        .await;
    match lost {
        Ok(lost) => {
            store.answered();
            for claim in lost {
                // Every executor sees every lost claim; the owner of the run acts.
                if !registry.owns(claim.run) || !store.believes(&claim, shared.config.lost_after) {
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
        Err(error) => {
            store.failed();
            tracing::warn!(%error, "lost claims could not be read");
        }
    }
}

/// Places left behind by runs that are over: there should be none, so it is looked for rarely.
async fn sweep_slots(registry: &Registry, sweeps: &mut u32) {
    let due = sweeps.is_multiple_of(SLOTS_EVERY);
    *sweeps = sweeps.wrapping_add(1);
    if !due {
        return;
    }
    let shared = &registry.shared;
    match shared.deps.stores.slots.free_left_behind(MOST).await {
        Ok(given) if given.is_empty() => {}
        Ok(given) => {
            let count = given.len() as u64;
            shared.deps.metrics.executor.sweep_repaired("slot", count);
            shared.performer.hint_runs(registry, given);
        }
        Err(error) => tracing::warn!(%error, "places left behind could not be looked for"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use attune_types::AttemptId;
    use uuid::Uuid;

    #[test]
    fn after_the_store_was_away_silence_is_not_believed_at_once() {
        let limit = Duration::from_secs(10);
        let claim = |silent_for| LostClaim {
            attempt: AttemptId(Uuid::nil()),
            run: RunId(Uuid::nil()),
            worker: "w".to_owned(),
            silent_for,
        };
        let mut store = StoreWatch::default();
        store.answered();
        assert!(!store.believes(&claim(limit), limit));
        // One that said goodbye has not been silent.
        assert!(store.believes(&claim(Duration::ZERO), limit));
        let long_ago = Instant::now().checked_sub(limit).unwrap();
        store.since = Some(long_ago);
        store.answered();
        assert!(store.believes(&claim(limit), limit));
        store.failed();
        store.answered();
        assert!(!store.believes(&claim(limit), limit));
    }
}
