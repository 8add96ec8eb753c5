//! Performing what a run owes, after the commit. Everything here may happen twice and is keyed so
//! that the second time changes nothing.

use super::actor::RunCell;
use super::registry::Registry;
use super::route;
use super::slot::{self, Slots};
use crate::config::{Deps, ExecutorConfig};
use crate::native::{self, NativeDeps};
use attune_batch::Batcher;
use attune_flow::run::{ABOVE, Command, Effect, EffectKey, NativeOrder, WorkOrder};
use attune_port::{Address, NewInboxCommand, NewRun, OpenOutcome, StoreError};
use attune_types::{AttemptId, EventId, RunId};
use attune_wire::{Envelope, EventMessage, Message, ShardMessage, WorkMessage, WorkerControl};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Child runs opened by one transaction.
const MOST_OPENED: usize = 500;

/// What it takes to perform effects.
pub(crate) struct Performer {
    deps: Deps,
    shards: u16,
    pub(super) opener: Batcher<NewRun, Result<OpenOutcome, String>>,
    commands: Batcher<NewInboxCommand, Result<(), String>>,
    pub(super) slots: Slots,
    natives: NativeDeps,
}

impl Performer {
    pub(crate) fn start(deps: &Deps, config: &ExecutorConfig, shards: u16) -> Self {
        let runs = Arc::clone(&deps.stores.runs);
        let opener = Batcher::start(1, MOST_OPENED, move |new: Vec<NewRun>| {
            let runs = Arc::clone(&runs);
            async move {
                let many = new.len();
                each(many, runs.open(new).await)
            }
        });
        let runs = Arc::clone(&deps.stores.runs);
        let commands = Batcher::start(1, MOST_OPENED, move |new: Vec<NewInboxCommand>| {
            let runs = Arc::clone(&runs);
            async move {
                let many = new.len();
                each(many, runs.send(new).await.map(|()| vec![(); many]))
            }
        });
        Self {
            deps: deps.clone(),
            shards,
            opener,
            commands,
            slots: slot::start(deps),
            natives: NativeDeps::new(deps, config),
        }
    }

    fn envelope<T: Message>(&self, trace: Option<String>, body: T) -> Envelope<T> {
        let clock = &self.deps.clock;
        Envelope::new(Uuid::from_bytes(clock.entropy()), clock.now(), trace, body)
    }

    /// One message with one record; a record that cannot be encoded is a bug and is logged.
    pub(super) fn message<T: Message>(&self, trace: Option<String>, body: T) -> Vec<Bytes> {
        match attune_wire::encode_one(&self.envelope(trace, body)) {
            Ok(bytes) => vec![bytes],
            Err(error) => {
                tracing::error!(%error, "a message could not be encoded");
                Vec::new()
            }
        }
    }

    /// Sends attempts to the pools, each as a message of its own, so that workers share them evenly.
    fn dispatch(&self, orders: Vec<WorkOrder>) {
        let mut by_queue: HashMap<Address, Vec<Bytes>> = HashMap::new();
        for order in orders {
            let queue = Self::address(&order);
            let trace = order.trace.clone();
            by_queue
                .entry(queue)
                .or_default()
                .extend(self.message(trace, WorkMessage { order }));
        }
        for (queue, messages) in by_queue {
            self.count_published("work", messages.len());
            self.deps.bus.send(queue, messages);
        }
    }

    fn count_published(&self, queue: &str, messages: usize) {
        self.deps.metrics.bus.published(queue).add(messages as u64);
    }

    /// Tells all workers to stop an attempt.
    pub(crate) fn stop_on_worker(&self, attempt: AttemptId) {
        let messages = self.message(None, WorkerControl::Stop { attempt });
        self.deps.bus.send(Address::Workers, messages);
    }

    /// Makes a run look: at once if it is owned here, over the bus otherwise.
    pub(crate) fn hint_runs(&self, registry: &Registry, runs: impl IntoIterator<Item = RunId>) {
        let mut elsewhere: HashMap<u16, Vec<Envelope<ShardMessage>>> = HashMap::new();
        for run in runs {
            if !registry.look(run, None) {
                let hint = self.envelope(None, ShardMessage::Hint { run });
                elsewhere
                    .entry(run.shard(self.shards))
                    .or_default()
                    .push(hint);
            }
        }
        for (shard, records) in elsewhere {
            match attune_wire::encode(&records) {
                Ok(message) => {
                    self.count_published("shard", records.len());
                    self.deps.bus.send(Address::Shard(shard), vec![message]);
                }
                Err(error) => tracing::error!(%error, "hints could not be encoded"),
            }
        }
    }

    /// Tells that stored events wait for their rules.
    pub(crate) fn hint_events(&self, events: Vec<EventId>) {
        let messages: Vec<Bytes> = events
            .into_iter()
            .flat_map(|id| self.message(None, EventMessage::Stored { id }))
            .collect();
        if !messages.is_empty() {
            self.count_published("events", messages.len());
            self.deps.bus.send(Address::Events, messages);
        }
    }

    /// Gives a command that is durable in the inbox to its run, wherever that is.
    pub(crate) fn tell_run(
        &self,
        registry: &Registry,
        run: RunId,
        command: Command,
        inbox: Option<Uuid>,
    ) {
        if registry.owns(run) {
            registry.command(run, command, inbox, None);
            return;
        }
        let body = ShardMessage::Command {
            run,
            command,
            inbox,
        };
        let messages = self.message(None, body);
        self.count_published("shard", messages.len());
        self.deps
            .bus
            .send(Address::Shard(run.shard(self.shards)), messages);
    }

    /// Stores a command for another run and tells it. False: it could not be stored.
    pub(super) async fn command_run(&self, registry: &Registry, command: NewInboxCommand) -> bool {
        let (id, run, content) = (command.id, command.run, command.command.clone());
        match self.commands.call(command).await {
            Some(Ok(())) => {
                self.tell_run(registry, run, content, Some(id));
                true
            }
            Some(Err(error)) => {
                tracing::warn!(%run, error, "a command could not be stored now; it is tried again");
                false
            }
            None => false,
        }
    }
}

fn each<R: Clone>(many: usize, answer: Result<Vec<R>, StoreError>) -> Vec<Result<R, String>> {
    match answer {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error.to_string()); many],
    }
}

impl RunCell {
    /// Performs what is owed. Returns when it is handed over, not when it is done.
    pub(crate) async fn perform(&mut self, owed: BTreeMap<EffectKey, Effect>) {
        let mut orders = Vec::new();
        let mut children = Vec::new();
        let mut steered = Vec::new();
        for (key, effect) in owed {
            match effect {
                Effect::Dispatch(order) => orders.push(*order),
                Effect::Native(order) => self.perform_native(*order),
                Effect::OpenChild(order) => children.push(*order),
                Effect::StopAttempt { attempt, pool } => {
                    self.stop_attempt(attempt, pool.as_deref())
                }
                Effect::CancelChild { run, reason } => {
                    let command = Command::Cancel {
                        by: ABOVE.to_owned(),
                        reason: Some(reason),
                    };
                    self.command_child(run, run.derive("cancel by parent"), command);
                }
                Effect::CompensateChild { run, attempt, by } => {
                    self.undo_child(run, attempt, by);
                }
                Effect::PauseChild { run } => {
                    let by = ABOVE.to_owned();
                    steered.push((key, run, Command::Pause { by }));
                }
                Effect::ResumeChild { run } => {
                    let by = ABOVE.to_owned();
                    steered.push((key, run, Command::Resume { by }));
                }
                Effect::AcquireSlot(order) => self.acquire_slot(*order),
                // The actor's own timer follows the state.
                Effect::WakeAt(_) => {}
            }
        }
        if !orders.is_empty() {
            route::announce(&self.registry, &orders);
            self.registry.shared.performer.dispatch(orders);
        }
        if !children.is_empty() {
            self.open_children(children).await;
        }
        if !steered.is_empty() {
            self.steer_children(steered).await;
        }
    }

    fn perform_native(&mut self, order: NativeOrder) {
        if self.natives.contains_key(&order.attempt) {
            return;
        }
        let (run, attempt) = (self.run, order.attempt);
        let registry = Arc::clone(&self.registry);
        let deps = self.registry.shared.performer.natives.clone();
        let task = tokio::spawn(async move {
            let outcome = native::perform(&deps, order).await;
            registry.command(
                run,
                Command::AttemptFinished { attempt, outcome },
                None,
                None,
            );
        });
        self.natives.insert(attempt, task.abort_handle());
    }
}
