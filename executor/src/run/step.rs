//! One step of a run: decide on all that waits, fold, commit; then act and acknowledge.

use super::actor::{RunCell, RunMessage, StoredWake, Waiting};
use super::count;
use super::end::{finished_event, retry_refused, to_parent};
use super::slot::line_of;
use super::ticket::Ticket;
use attune_catalogue::SNAPSHOT_VERSION;
use attune_flow::run::{
    Change, Effect, EffectKey, Event, ExecutionRow, Now, Rejection, decide_with_keys, fold,
};
use attune_port::{
    Append, AppendError, NewInboxCommand, RunUpdate, Snapshot, StoreError, StoredEvent,
};
use attune_types::{AttemptId, EventId, ExecutionStatus, RunId};
use attune_wire::{LiveKind, LiveNotice};
use indexmap::IndexMap;
use ractor::ActorRef;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// Commands decided in one step.
const MOST: usize = 1_000;

/// A commit under way, and what follows once it is answered.
pub(crate) struct Flight {
    tickets: Vec<Ticket>,
    pub(crate) inbox: Vec<Uuid>,
    owed: BTreeMap<EffectKey, Effect>,
    status: ExecutionStatus,
    seq: u64,
    changed: bool,
    began: bool,
    /// Trigger events that went into the store with it.
    emitted: Vec<EventId>,
    /// Ends that went into the inbox of the run above with it.
    told: Vec<NewInboxCommand>,
    /// What changed in the read model, for the metrics.
    rows: Vec<ExecutionRow>,
}

impl RunCell {
    /// Decides on everything that waits and sends it to the committer. Does nothing while a commit
    /// is under way.
    pub(crate) fn step(&mut self, myself: &ActorRef<RunMessage>) {
        if self.flight.is_some()
            || self.lookup.under_way
            || (self.queue.is_empty() && !self.wake_is_stale())
        {
            return;
        }
        let Some(mut live) = self.live.take() else {
            return;
        };
        let clock = &self.registry.shared.deps.clock;
        let mut flight = Flight {
            tickets: Vec::new(),
            inbox: Vec::new(),
            owed: BTreeMap::new(),
            status: live.state.status(),
            seq: live.seq,
            changed: false,
            began: false,
            emitted: Vec::new(),
            told: Vec::new(),
            rows: Vec::new(),
        };
        let had_started = live.state.started_at().is_some();
        let mut events = Vec::new();
        // In the order in which they came to be: lists show them so.
        let mut rows = IndexMap::new();
        let mut closed = Vec::new();
        let mut emitted = Vec::new();
        let mut over = false;
        let known = self.lookup.known();
        let mut needs = Vec::new();
        for _ in 0..self.queue.len().min(MOST) {
            let Some(waiting) = self.queue.pop_front() else {
                break;
            };
            // A clock that was set back must not turn a run's history around.
            let now = Now {
                at: waiting
                    .told_at
                    .unwrap_or_else(|| clock.now())
                    .max(live.last_at),
                entropy: clock.entropy(),
            };
            let decided =
                decide_with_keys(&live.program, &live.state, &waiting.command, &now, &known);
            if let Err(Rejection::NeedsKeys { keys }) = decided {
                // It waits in its place until they are there; what came before it is committed.
                self.queue.push_front(waiting);
                needs = keys;
                break;
            }
            let Waiting {
                command,
                inbox,
                ticket,
                ..
            } = waiting;
            flight.inbox.extend(inbox);
            flight.tickets.extend(ticket);
            if let Some(attempt) = ended_attempt(&command) {
                closed.push(attempt);
                self.natives.remove(&attempt);
                self.care.settled(&attempt);
            }
            if is_about_slot(&command) {
                self.care.placed();
            }
            if let attune_flow::run::Command::AttemptStarted { attempt, .. } = &command {
                self.care.started(attempt);
            }
            match decided {
                Ok(new) => {
                    let (state, change) = fold(&live.program, live.state, &new);
                    live.state = state;
                    live.last_at = now.at;
                    merge(&mut flight.owed, &mut rows, change);
                    if let Some(end) = new.iter().rfind(|event| event.is_end()) {
                        over = true;
                        flight.told.extend(to_parent(&live.state, end));
                        emitted.extend(finished_event(&self.registry, &live.state, end));
                    }
                    events.extend(new);
                }
                Err(rejection) => {
                    flight
                        .told
                        .extend(retry_refused(&live.state, &command, &rejection));
                    tracing::debug!(run = %self.run, ?command, %rejection, "refused");
                }
            }
        }
        if needs.is_empty() {
            self.lookup.done();
        }
        self.care
            .begin(&flight.owed, clock.now(), &self.registry.shared.config);
        flight.status = live.state.status();
        flight.changed = !events.is_empty();
        // One that is retried has started before, also if it waited for a place again.
        let first = live.state.retry_rounds() == 0;
        flight.began = first && live.state.started_at().is_some() && !had_started;
        flight.rows = rows.into_values().collect();
        let after_seq = live.seq;
        let stored: Vec<StoredEvent> = events
            .iter()
            .zip(after_seq + 1..)
            .map(|(event, seq)| store(event, seq))
            .collect();
        live.seq += stored.len() as u64;
        live.since_snapshot += stored.len() as u64;
        flight.seq = live.seq;
        self.live = Some(live);
        if !needs.is_empty() {
            self.look_up(myself, needs);
        }
        let nothing = !flight.changed && flight.inbox.is_empty() && closed.is_empty();
        if nothing && !self.wake_is_stale() {
            self.flight = Some(flight);
            drop(myself.cast(RunMessage::Committed(Ok(Vec::new()))));
            return;
        }
        let wake_at = self.next_look();
        let Some(live) = &self.live else { return };
        let active = !live.state.is_terminal();
        flight.emitted = emitted.iter().map(|new| new.event.id).collect();
        let update = RunUpdate {
            status: live.state.status(),
            active,
            wake_at: wake_at.filter(|_| active),
        };
        self.stored_wake = StoredWake::Known(update.wake_at);
        let append = Append {
            run: self.run,
            shard: self.shard,
            epoch: self.epoch,
            executor: self.registry.shared.config.id,
            after_seq,
            events: stored,
            update,
            rows: flight.rows.clone(),
            inbox_done: flight.inbox.clone(),
            closed,
            inbox: flight.told.clone(),
            emitted,
            slot: over.then(|| line_of(&live.state)).flatten(),
        };
        self.flight = Some(flight);
        let registry = Arc::clone(&self.registry);
        let myself = myself.clone();
        tokio::spawn(async move {
            // No answer: the committer broke or is stopping. The log says what was written.
            let answer = registry
                .shared
                .commits
                .call(append)
                .await
                .unwrap_or_else(|| {
                    let reason = "the committer gave no answer".to_owned();
                    Err(AppendError::Store(StoreError::Unavailable(reason)))
                });
            drop(myself.cast(RunMessage::Committed(answer)));
        });
    }

    /// Whether the date in the run's row has passed and is no longer the true one. The sweep would
    /// find the run due again and again, and others that are due would wait behind it.
    fn wake_is_stale(&self) -> bool {
        let Some(live) = &self.live else { return false };
        if live.state.is_terminal() {
            return false;
        }
        match self.stored_wake {
            StoredWake::Unknown => true,
            StoredWake::Known(stored) => {
                let now = self.registry.shared.deps.clock.now();
                stored.is_none_or(|at| at <= now) && stored != self.next_look()
            }
        }
    }

    /// The commit happened: act, tell, acknowledge, and go on with what came meanwhile.
    pub(crate) async fn committed(&mut self, myself: &ActorRef<RunMessage>, given: Vec<RunId>) {
        let Some(flight) = self.flight.take() else {
            return;
        };
        for ticket in flight.tickets {
            ticket.done();
        }
        if flight.changed {
            count::step(
                &self.registry.shared.deps.metrics,
                &flight.rows,
                flight.began,
            );
            self.tell_watchers(flight.status, flight.seq);
            self.keep_snapshot();
        }
        self.hint_parent(flight.told);
        if !given.is_empty() {
            let performer = &self.registry.shared.performer;
            performer.hint_runs(&self.registry, given);
        }
        self.registry.shared.performer.hint_events(flight.emitted);
        self.perform(flight.owed).await;
        self.step(myself);
    }

    fn tell_watchers(&self, status: ExecutionStatus, seq: u64) {
        let Some(live) = &self.live else { return };
        let header = live.state.header();
        self.registry.shared.live.tell(LiveNotice {
            run: self.run,
            root: header
                .parent
                .as_ref()
                .map_or(self.run, |parent| parent.root),
            seq,
            status,
            kind: if status.is_terminal() {
                LiveKind::Finished
            } else {
                LiveKind::Changed
            },
        });
    }

    /// A snapshot is a cache: it is written beside the log, and losing it costs only time.
    fn keep_snapshot(&mut self) {
        let every = self.registry.shared.config.snapshot_every;
        let Some(live) = &mut self.live else { return };
        // The longer the log the rarer, since each costs what the state holds.
        if live.since_snapshot < every.max(live.seq / 4) || live.state.is_terminal() {
            return;
        }
        live.since_snapshot = 0;
        match serde_json::to_value(&live.state) {
            Ok(data) => {
                let snapshot = Snapshot {
                    seq: live.seq,
                    version: SNAPSHOT_VERSION,
                    data,
                };
                let runs = Arc::clone(&self.registry.shared.deps.stores.runs);
                let run = self.run;
                tokio::spawn(async move {
                    if let Err(error) = runs.snapshot(run, snapshot).await {
                        tracing::warn!(%run, %error, "a snapshot was not kept");
                    }
                });
            }
            Err(error) => tracing::warn!(run = %self.run, %error, "a snapshot could not be made"),
        }
    }
}

/// The attempt that a command closes, if it closes one.
fn ended_attempt(command: &attune_flow::run::Command) -> Option<AttemptId> {
    use attune_flow::run::Command;
    match command {
        Command::AttemptFinished { attempt, .. } | Command::AttemptLost { attempt, .. } => {
            Some(*attempt)
        }
        _ => None,
    }
}

fn merge(
    owed: &mut BTreeMap<EffectKey, Effect>,
    rows: &mut IndexMap<attune_types::ExecutionId, ExecutionRow>,
    change: Change,
) {
    for key in change.settled {
        owed.remove(&key);
    }
    owed.extend(change.owed);
    rows.extend(change.rows.into_iter().map(|row| (row.id, row)));
}

fn store(event: &Event, seq: u64) -> StoredEvent {
    let (kind, version, data) = attune_wire::encode_event(event);
    StoredEvent {
        seq,
        at: event.at(),
        kind: kind.to_owned(),
        version,
        data,
    }
}

/// Whether the store has answered about the run's place.
const fn is_about_slot(command: &attune_flow::run::Command) -> bool {
    use attune_flow::run::Command;
    matches!(
        command,
        Command::SlotGranted | Command::SlotQueued { .. } | Command::SlotRefused { .. }
    )
}
