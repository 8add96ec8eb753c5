//! Workers, claims and logs in memory.

use super::{MemoryStore, micros, since};
use async_trait::async_trait;
use attune_port::{
    ClaimRequest, LogLine, LostClaim, NewLogLine, StoreError, WorkQueue, WorkStore, WorkerInfo,
    WorkerRow,
};
use attune_types::{AttemptId, ExecutionId, RunId, Timestamp, WorkerId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Default)]
pub(super) struct Work {
    claims: BTreeMap<AttemptId, Claim>,
    workers: BTreeMap<WorkerId, (WorkerInfo, Option<Timestamp>)>,
    queues: BTreeMap<String, (WorkQueue, Timestamp)>,
    lines: BTreeSet<(ExecutionId, u32, u64)>,
    pub(super) logs: BTreeMap<RunId, Vec<LogLine>>,
}

struct Claim {
    run: RunId,
    worker: Option<WorkerId>,
    seen_at: Timestamp,
    gone: bool,
    settled: bool,
}

impl Work {
    /// Ends the claims of attempts; those that were never claimed can no longer be.
    pub(super) fn settle(&mut self, run: RunId, attempts: &[AttemptId], now: Timestamp) {
        for attempt in attempts {
            self.claims
                .entry(*attempt)
                .or_insert(Claim {
                    run,
                    worker: None,
                    seen_at: now,
                    gone: false,
                    settled: true,
                })
                .settled = true;
        }
    }
}

#[async_trait]
impl WorkStore for MemoryStore {
    async fn claim(
        &self,
        worker: WorkerId,
        requests: &[ClaimRequest],
    ) -> Result<Vec<bool>, StoreError> {
        let mut state = self.lock();
        let now = self.now();
        let mut asked = BTreeSet::new();
        Ok(requests
            .iter()
            .map(|request| {
                let mine = match state.work.claims.get(&request.attempt) {
                    None => true,
                    Some(held) => held.worker == Some(worker) && !held.settled && !held.gone,
                };
                let free =
                    mine && state.runs.is_active(request.run) && asked.insert(request.attempt);
                if free {
                    state.work.claims.insert(
                        request.attempt,
                        Claim {
                            run: request.run,
                            worker: Some(worker),
                            seen_at: now,
                            gone: false,
                            settled: false,
                        },
                    );
                }
                free
            })
            .collect())
    }

    async fn heartbeat(
        &self,
        worker: &WorkerInfo,
        holding: &[AttemptId],
    ) -> Result<Vec<AttemptId>, StoreError> {
        super::check::text(&worker.name)?;
        let mut state = self.lock();
        let now = self.now();
        state
            .work
            .workers
            .insert(worker.id, (worker.clone(), Some(now)));
        let mut settled = Vec::new();
        for attempt in holding {
            let run = state.work.claims.get(attempt).map(|claim| claim.run);
            let active = run.is_some_and(|run| state.runs.is_active(run));
            match state.work.claims.get_mut(attempt) {
                Some(claim) if !claim.settled => {
                    if claim.worker == Some(worker.id) {
                        claim.seen_at = now;
                        claim.gone = false;
                    }
                    if !active {
                        settled.push(*attempt);
                    }
                }
                _ => settled.push(*attempt),
            }
        }
        Ok(settled)
    }

    async fn goodbye(&self, worker: WorkerId) -> Result<(), StoreError> {
        let mut state = self.lock();
        for claim in state.work.claims.values_mut() {
            if claim.worker == Some(worker) && !claim.settled {
                claim.gone = true;
            }
        }
        if let Some((_, seen_at)) = state.work.workers.get_mut(&worker) {
            *seen_at = None;
        }
        Ok(())
    }

    async fn lost(&self, silence: Duration, limit: u32) -> Result<Vec<LostClaim>, StoreError> {
        let state = self.lock();
        let now = self.now();
        let mut lost: Vec<(Timestamp, AttemptId, &Claim)> = state
            .work
            .claims
            .iter()
            .filter(|(_, claim)| {
                !claim.settled
                    && state.runs.is_active(claim.run)
                    && (claim.gone || since(now, claim.seen_at) >= silence)
            })
            .map(|(attempt, claim)| (claim.seen_at, *attempt, claim))
            .collect();
        lost.sort_by_key(|(seen_at, attempt, _)| (*seen_at, *attempt));
        Ok(lost
            .into_iter()
            .take(limit as usize)
            .map(|(seen_at, attempt, claim)| LostClaim {
                attempt,
                run: claim.run,
                worker: claim
                    .worker
                    .map(|worker| {
                        let known = state.work.workers.get(&worker);
                        known.map_or_else(|| worker.to_string(), |(info, _)| info.name.clone())
                    })
                    .unwrap_or_default(),
                silent_for: since(now, seen_at),
            })
            .collect())
    }

    async fn claimed(&self, attempts: &[AttemptId]) -> Result<Vec<AttemptId>, StoreError> {
        let state = self.lock();
        Ok(attempts
            .iter()
            .filter(|attempt| state.work.claims.contains_key(attempt))
            .copied()
            .collect())
    }

    async fn offer(&self, queues: &[WorkQueue], kept: Duration) -> Result<(), StoreError> {
        let now = self.now();
        let mut state = self.lock();
        let known = &mut state.work.queues;
        known.retain(|_, (_, at)| since(now, *at) < kept);
        for queue in queues {
            known.insert(queue.name.clone(), (queue.clone(), now));
        }
        Ok(())
    }

    async fn queues(&self, pools: &[String], kept: Duration) -> Result<Vec<WorkQueue>, StoreError> {
        let now = self.now();
        let state = self.lock();
        let known = state.work.queues.values();
        Ok(known
            .filter(|(queue, at)| pools.contains(&queue.pool) && since(now, *at) < kept)
            .map(|(queue, _)| queue.clone())
            .collect())
    }

    async fn log(&self, lines: Vec<NewLogLine>) -> Result<(), StoreError> {
        let mut state = self.lock();
        for line in lines {
            let key = (line.execution, line.attempt, line.number);
            if !state.runs.runs.contains_key(&line.run) || !state.work.lines.insert(key) {
                continue;
            }
            let log = state.work.logs.entry(line.run).or_default();
            log.push(LogLine {
                position: log.last().map_or(1, |last| last.position + 1),
                execution: line.execution,
                task: None,
                attempt: line.attempt,
                stream: line.stream,
                at: micros(line.at),
                text: line.text.replace('\0', "\u{FFFD}"),
            });
        }
        Ok(())
    }

    async fn workers(&self, within: Duration) -> Result<Vec<WorkerRow>, StoreError> {
        let state = self.lock();
        let now = self.now();
        let mut rows: Vec<WorkerRow> = state
            .work
            .workers
            .values()
            .filter_map(|(info, seen_at)| {
                let seen_at = (*seen_at).filter(|at| since(now, *at) <= within)?;
                let running = state
                    .work
                    .claims
                    .values()
                    .filter(|claim| claim.worker == Some(info.id) && !claim.settled)
                    .count();
                Some(WorkerRow {
                    info: info.clone(),
                    seen_at,
                    running: u32::try_from(running).unwrap_or(u32::MAX),
                })
            })
            .collect();
        rows.sort_by(|a, b| (&a.info.name, a.info.id).cmp(&(&b.info.name, b.info.id)));
        Ok(rows)
    }
}
