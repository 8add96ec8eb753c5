//! Runs in memory: the log, the rows, the inbox.

use super::inbox::Waiting;
use super::{MemoryStore, State, check, micros, since};
use async_trait::async_trait;
use attune_flow::run::{ExecutionRow, RunHeader};
use attune_port::{
    Append, AppendError, InboxCommand, NewInboxCommand, NewRun, OpenOutcome, RunStore, Snapshot,
    StoreError, StoredEvent, StoredRun,
};
use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, RunId, Timestamp, code};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Default)]
pub(super) struct Runs {
    pub(super) runs: BTreeMap<RunId, Run>,
    /// Each with its place in the order in which the executions of its run came to be.
    pub(super) executions: BTreeMap<ExecutionId, (i64, ExecutionRow)>,
    pub(super) inbox: Vec<Waiting>,
}

pub(super) struct Run {
    pub(super) header: RunHeader,
    pub(super) shard: u16,
    pub(super) events: Vec<StoredEvent>,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) status: ExecutionStatus,
    pub(super) active: bool,
    pub(super) wake_at: Option<Timestamp>,
    pub(super) opened_at: Timestamp,
    pub(super) body_hash: Option<String>,
}

impl Run {
    pub(super) fn last_seq(&self) -> u64 {
        self.events.last().map_or(0, |event| event.seq)
    }
}

impl Runs {
    pub(super) fn is_active(&self, run: RunId) -> bool {
        self.runs.get(&run).is_some_and(|run| run.active)
    }

    fn put_row(&mut self, position: i64, row: ExecutionRow) {
        self.executions
            .entry(row.id)
            .and_modify(|(_, old)| *old = row.clone())
            .or_insert((position, row));
    }

    /// Opens a run that was checked.
    pub(super) fn open(&mut self, new: NewRun, shards: u16, now: Timestamp) -> OpenOutcome {
        let run = new.header.run;
        let asked = new.key.map(|key| key.body_hash);
        if let Some(existing) = self.runs.get(&run) {
            return match (&existing.body_hash, &asked) {
                (Some(stored), Some(asked)) if stored != asked => OpenOutcome::KeyMismatch,
                _ => OpenOutcome::Exists,
            };
        }
        let status = new.row.status;
        self.put_row(0, new.row);
        for (position, row) in (1..).zip(new.carried.rows) {
            self.put_row(position, row);
        }
        let mut events = vec![new.event];
        events.extend(new.carried.events);
        self.runs.insert(
            run,
            Run {
                shard: run.shard(shards),
                header: new.header,
                events,
                snapshot: None,
                status,
                active: true,
                wake_at: None,
                opened_at: now,
                body_hash: asked,
            },
        );
        OpenOutcome::Created
    }
}

fn append_one(
    state: &mut State,
    append: Append,
    now: Timestamp,
) -> Result<Vec<RunId>, AppendError> {
    let (events, rows) = check::append(&append)?;
    if !state.leases.is_held(
        "shard",
        &append.shard.to_string(),
        append.executor.uuid(),
        append.epoch,
    ) {
        return Err(AppendError::Fenced {
            shard: append.shard,
            epoch: append.epoch,
        });
    }
    let moved = AppendError::Moved {
        run: append.run,
        after_seq: append.after_seq,
    };
    let Some(run) = state.runs.runs.get_mut(&append.run) else {
        return Err(moved);
    };
    if run.last_seq() != append.after_seq {
        return Err(moved);
    }
    run.events.extend(events);
    run.status = append.update.status;
    run.active = append.update.active;
    run.wake_at = append.update.wake_at.map(micros);
    for (index, row) in rows.into_iter().enumerate() {
        let after = i64::try_from(append.after_seq).unwrap_or(i64::MAX >> 20);
        let index = i64::try_from(index).unwrap_or(i64::MAX).min((1 << 20) - 1);
        state.runs.put_row((after << 20) + index, row);
    }
    state.runs.inbox.retain(|waiting| {
        waiting.run != append.run || !append.inbox_done.contains(&waiting.command.id)
    });
    if !append.update.active {
        state.runs.end_inbox(append.run);
    }
    state.work.settle(append.run, &append.closed, now);
    state.runs.send(append.inbox, now);
    for emitted in append.emitted {
        state
            .events
            .record(check::trigger_event(&emitted.event)?, now);
    }
    if append.update.active || append.slot.is_none() {
        return Ok(Vec::new());
    }
    Ok(state.free_slots(&[append.run], now))
}

#[async_trait]
impl RunStore for MemoryStore {
    async fn open(&self, runs: Vec<NewRun>) -> Result<Vec<OpenOutcome>, StoreError> {
        let checked = runs
            .iter()
            .map(check::new_run)
            .collect::<Result<Vec<_>, _>>()?;
        let mut state = self.lock();
        let now = self.now();
        Ok(checked
            .into_iter()
            .map(|new| state.runs.open(new, self.shards, now))
            .collect())
    }

    async fn append(&self, batch: Vec<Append>) -> Vec<Result<Vec<RunId>, AppendError>> {
        let mut state = self.lock();
        let now = self.now();
        let mut seen = BTreeSet::new();
        batch
            .into_iter()
            .map(|append| {
                if seen.insert(append.run) {
                    append_one(&mut state, append, now)
                } else {
                    Err(AppendError::Moved {
                        run: append.run,
                        after_seq: append.after_seq,
                    })
                }
            })
            .collect()
    }

    async fn load(&self, runs: &[RunId]) -> Result<Vec<StoredRun>, StoreError> {
        let state = self.lock();
        Ok(runs
            .iter()
            .filter_map(|id| {
                let run = state.runs.runs.get(id)?;
                let after = run.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq);
                Some(StoredRun {
                    run: *id,
                    shard: run.shard,
                    program: run.header.program.clone(),
                    snapshot: run.snapshot.clone(),
                    events: run
                        .events
                        .iter()
                        .filter(|e| e.seq > after)
                        .cloned()
                        .collect(),
                    inbox: state.runs.inbox_of(*id),
                })
            })
            .collect())
    }

    async fn events(
        &self,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let state = self.lock();
        let known = state.runs.runs.get(&run);
        let events = known.iter().flat_map(|run| &run.events);
        let later = events.filter(|event| event.seq > after);
        Ok(later.take(limit as usize).cloned().collect())
    }

    async fn inbox(&self, run: RunId) -> Result<Vec<InboxCommand>, StoreError> {
        Ok(self.lock().runs.inbox_of(run))
    }

    async fn active(
        &self,
        shards: &[u16],
        after: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunId>, StoreError> {
        let state = self.lock();
        Ok(state
            .runs
            .runs
            .iter()
            .filter(|(id, run)| run.active && shards.contains(&run.shard) && Some(**id) > after)
            .map(|(id, _)| *id)
            .take(limit as usize)
            .collect())
    }

    async fn due(
        &self,
        shards: &[u16],
        grace: Duration,
        limit: u32,
    ) -> Result<Vec<(RunId, Duration)>, StoreError> {
        let state = self.lock();
        let now = self.now();
        let waited = |at: Timestamp| at <= now && since(now, at) >= grace;
        let mut due: Vec<(Timestamp, RunId)> = state
            .runs
            .runs
            .iter()
            .filter(|(_, run)| shards.contains(&run.shard))
            .filter_map(|(id, run)| {
                let timer = run.wake_at.filter(|at| run.active && *at <= now);
                let inbox = state
                    .runs
                    .inbox
                    .iter()
                    .filter(|waiting| waiting.run == *id && waited(waiting.at))
                    .map(|waiting| waiting.at)
                    .min();
                let fresh = Some(run.opened_at)
                    .filter(|at| run.status == ExecutionStatus::Requested && waited(*at));
                let since = [timer, inbox, fresh].into_iter().flatten().min()?;
                Some((since, *id))
            })
            .collect();
        due.sort_unstable();
        due.truncate(limit as usize);
        Ok(due
            .into_iter()
            .map(|(at, id)| (id, since(now, at)))
            .collect())
    }

    async fn next_wake(&self, shards: &[u16]) -> Result<Option<Duration>, StoreError> {
        let state = self.lock();
        let now = self.now();
        Ok(state
            .runs
            .runs
            .values()
            .filter(|run| run.active && shards.contains(&run.shard))
            .filter_map(|run| run.wake_at.filter(|at| *at > now))
            .min()
            .map(|at| since(at, now)))
    }

    async fn send(&self, commands: Vec<NewInboxCommand>) -> Result<(), StoreError> {
        commands
            .iter()
            .try_for_each(|command| check::typed(&command.command))?;
        let now = self.now();
        self.lock().runs.send(commands, now);
        Ok(())
    }

    async fn standing(
        &self,
        runs: &[RunId],
    ) -> Result<BTreeMap<RunId, ExecutionStatus>, StoreError> {
        let state = self.lock();
        let known = |id: &RunId| Some((*id, state.runs.runs.get(id)?.status));
        Ok(runs.iter().filter_map(known).collect())
    }

    async fn snapshot(&self, run: RunId, snapshot: Snapshot) -> Result<(), StoreError> {
        check::value(&snapshot.data)?;
        let mut state = self.lock();
        if let Some(run) = state.runs.runs.get_mut(&run) {
            let newer = run
                .snapshot
                .as_ref()
                .is_some_and(|old| old.seq > snapshot.seq);
            if !newer {
                run.snapshot = Some(snapshot);
            }
        }
        Ok(())
    }

    async fn drop_snapshots(&self, runs: &[RunId]) -> Result<(), StoreError> {
        let mut state = self.lock();
        for id in runs {
            if let Some(run) = state.runs.runs.get_mut(id) {
                run.snapshot = None;
            }
        }
        Ok(())
    }

    async fn quarantine(&self, run: RunId, reason: &str) -> Result<(), StoreError> {
        let mut state = self.lock();
        let now = self.now();
        let asked = !state.runs.inbox_of(run).is_empty();
        let above = state.runs.waiting_above(run);
        let open =
            |run: &&mut Run| run.active || (asked && run.status != ExecutionStatus::Abandoned);
        let Some(stored) = state.runs.runs.get_mut(&run).filter(open) else {
            return Ok(());
        };
        stored.status = ExecutionStatus::Abandoned;
        stored.active = false;
        stored.wake_at = None;
        let parent = stored.header.parent.as_ref().map(|parent| parent.run);
        state.runs.inbox.retain(|waiting| waiting.run != run);
        if let Some(parent) = parent {
            let told = above.into_iter().map(|attempt| NewInboxCommand {
                run: parent,
                ..NewInboxCommand::end_of_unreadable(run, attempt, reason)
            });
            state.runs.send(told.collect(), now);
        }
        if let Some((_, row)) = state.runs.executions.get_mut(&ExecutionId::from(run)) {
            row.status = ExecutionStatus::Abandoned;
            row.ended_at = Some(now);
            row.error = Some(ErrorInfo::new(code::INTERNAL, reason));
        }
        state.free_slots(&[run], now);
        Ok(())
    }

    async fn shards(&self) -> Result<u16, StoreError> {
        Ok(self.shards)
    }
}
