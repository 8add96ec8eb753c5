//! Performing what a run owes, after the commit. Everything here may happen twice and is keyed so
//! that the second time changes nothing.

use super::actor::RunCell;
use super::registry::Registry;
use super::route;
use super::slot::{self, Slots};
use crate::config::{Deps, ExecutorConfig};
use crate::native::{self, NativeDeps};
use attune_batch::Batcher;
use attune_catalogue::{Opening, StartRequest, prepare};
use attune_flow::run::{
    ABOVE, ChildOrder, Command, Effect, EffectKey, NativeOrder, Origin, Outcome, Parent, RunHeader,
    WorkOrder,
};
use attune_port::{Address, NewInboxCommand, NewRun, OpenOutcome, StoreError};
use attune_types::{AttemptId, ErrorInfo, EventId, ExecutionStatus, RunId, code};
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
    opener: Batcher<NewRun, Result<OpenOutcome, String>>,
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
    async fn command_run(&self, registry: &Registry, command: NewInboxCommand) -> bool {
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

    /// Pauses and resumes child runs, in the order in which it was decided. What could not be stored,
    /// or would be dropped since its child run is not open yet, is tried again.
    async fn steer_children(&mut self, steered: Vec<(EffectKey, RunId, Command)>) {
        let registry = &self.registry;
        let sending = steered
            .into_iter()
            .filter(|(_, run, _)| !self.care.is_on_its_way(AttemptId(run.uuid())))
            .map(async |(key, run, command)| {
                let id = self.fresh_id();
                let command = NewInboxCommand { id, run, command };
                let performer = &registry.shared.performer;
                (key, performer.command_run(registry, command).await)
            });
        for (key, stored) in futures::future::join_all(sending).await {
            if stored {
                self.care.told(&key);
            }
        }
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::from_bytes(self.registry.shared.deps.clock.entropy())
    }

    fn command_child(&self, run: RunId, id: Uuid, command: Command) {
        let registry = Arc::clone(&self.registry);
        tokio::spawn(async move {
            let command = NewInboxCommand { id, run, command };
            registry
                .shared
                .performer
                .command_run(&registry, command)
                .await;
        });
    }

    /// Asks a child run to undo what it did. One that was never opened has nothing to undo, and one
    /// that was put aside cannot: both are answered here.
    fn undo_child(&self, child: RunId, attempt: AttemptId, by: String) {
        let registry = Arc::clone(&self.registry);
        let own = self.run;
        tokio::spawn(async move {
            let shared = &registry.shared;
            let row = match shared.deps.stores.reads.execution(child.into()).await {
                Ok(row) => row,
                Err(error) => {
                    tracing::warn!(run = %own, %child, %error, "a child run could not be asked to undo now; it is tried again");
                    return;
                }
            };
            let outcome = match row.map(|row| row.status) {
                None => Outcome::Succeeded {
                    result: serde_json::Value::Null,
                    process: None,
                },
                Some(ExecutionStatus::Abandoned) => Outcome::Failed {
                    error: ErrorInfo::new(
                        code::COMPENSATION_FAILED,
                        format!("the child run {child} was put aside and cannot be undone"),
                    ),
                    result: serde_json::Value::Null,
                    process: None,
                },
                Some(_) => {
                    let id = child.derive(&format!("undo for {attempt}"));
                    let command = Command::Compensate {
                        by,
                        request: attempt.uuid(),
                        attempt: Some(attempt),
                    };
                    let run = child;
                    let command = NewInboxCommand { id, run, command };
                    shared.performer.command_run(&registry, command).await;
                    return;
                }
            };
            let command = Command::AttemptFinished { attempt, outcome };
            registry.command(own, command, None, None);
        });
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

    async fn open_children(&mut self, orders: Vec<ChildOrder>) {
        let Some(live) = &self.live else { return };
        let header = live.state.header().clone();
        let catalogue = self.registry.shared.deps.directory.current();
        let deps = &self.registry.shared.deps;
        let with = Opening {
            at: deps.clock.now(),
            entropy: deps.clock.entropy(),
            keys: &*deps.stores.keys,
        };
        let mut opening = Vec::new();
        for order in orders {
            let (attempt, wait) = (order.attempt, order.wait);
            match prepare(&catalogue, child_request(&header, order), &with) {
                Ok(new) => {
                    let performer = &self.registry.shared.performer;
                    let answer = performer.opener.clone();
                    let run = new.header.run;
                    opening.push(async move { (attempt, wait, run, answer.call(new).await) });
                }
                Err(error) => {
                    let outcome = Outcome::Failed {
                        error: error.to_error_info(),
                        result: serde_json::Value::Null,
                        process: None,
                    };
                    let command = Command::AttemptFinished { attempt, outcome };
                    self.registry.command(self.run, command, None, None);
                }
            }
        }
        let mut opened = Vec::new();
        for (attempt, wait, run, answer) in futures::future::join_all(opening).await {
            match answer {
                Some(Ok(_)) => {
                    self.care.opened(&attempt);
                    opened.push(run);
                    if !wait {
                        let result = serde_json::Value::from(run.to_string());
                        let outcome = Outcome::Succeeded {
                            result,
                            process: None,
                        };
                        let command = Command::AttemptFinished { attempt, outcome };
                        self.registry.command(self.run, command, None, None);
                    }
                }
                Some(Err(error)) => {
                    tracing::warn!(%run, error, "a child run could not be opened now; it is tried again");
                }
                None => {}
            }
        }
        self.registry
            .shared
            .performer
            .hint_runs(&self.registry, opened);
    }
}

fn child_request(header: &RunHeader, order: ChildOrder) -> StartRequest {
    StartRequest {
        run: order.run,
        action: order.action,
        parameters: order.parameters,
        origin: Origin::Parent,
        parent: Some(Parent {
            run: header.run,
            execution: order.execution,
            attempt: order.number,
            root: header
                .parent
                .as_ref()
                .map_or(header.run, |parent| parent.root),
            secrets: order.secrets,
        }),
        depth: order.depth,
        started_by: header.started_by.clone(),
        labels: BTreeMap::new(),
        trace: header.trace.clone(),
        api_url: header.api_url.clone(),
        key: None,
    }
}
