//! The past-tense alphabet: what happened to a run. Every event applies, always.
//!
//! Made only by `decide`; stored as JSON (so a change of shape needs an upcaster in `wire`); folded by
//! `evolve`. They carry the decisions: inputs, transitions, published values; and when they were made.

mod parts;
mod redo;
mod undo;

pub use parts::{Arrival, By, JoinStart, StopReason, Values};
pub use redo::{CarriedOver, Reopened, RetryJoined, RunRetried};
pub use undo::*;

use super::{KeyRead, ProcessInfo, Report, RunHeader};
use crate::program::{OnLimit, TaskIx};
use attune_types::{
    Duration, ErrorInfo, ExecutionId, ExecutionStatus, JsonMap, JsonValue, Ref, RunId, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run came to be. Always the first event, and only the first.
    RunOpened {
        /// When.
        at: Timestamp,
        /// All that is fixed about it.
        header: Box<RunHeader>,
    },
    /// It does a part of another run again, and takes over what that one had done before.
    CarriedOver(CarriedOver),
    /// Its variables were evaluated and its entry tasks may start.
    RunBegun {
        /// When.
        at: Timestamp,
        /// The variables.
        #[serde(default)]
        vars: Values,
        /// All labels: the caller's and the workflow's own.
        #[serde(default)]
        labels: attune_types::Labels,
        /// Text to find the run by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trace_tag: Option<String>,
        /// When the whole run times out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
    /// Keys were read for the events that follow with the same time.
    KeysRead {
        /// When.
        at: Timestamp,
        /// What marks the run's secrets, with the first of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nonce: Option<attune_template::Nonce>,
        /// What was seen of each: only those that were not seen so before.
        read: Vec<KeyRead>,
    },
    /// It needs a place among the runs of its workflow before its tasks start.
    SlotRequested {
        /// When.
        at: Timestamp,
        /// The rendered key; none if all runs of the workflow are one group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// How many runs of that key may be active at once.
        limit: u32,
        /// What happens when all places are taken.
        on_limit: OnLimit,
    },
    /// All places are taken; it stands in line for one.
    SlotQueued {
        /// When.
        at: Timestamp,
        /// Who holds them.
        holders: Vec<RunId>,
    },
    /// A place is its own until it ends.
    SlotGranted {
        /// When.
        at: Timestamp,
    },
    /// A task was reached; it starts as soon as it may.
    TaskActivated {
        /// When.
        at: Timestamp,
        /// Id of this activation.
        execution: ExecutionId,
        /// Number of the task in the Program.
        task: TaskIx,
        /// Its name.
        name: String,
        /// Number of the activation, from 1.
        activation: u32,
        /// The action that it runs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action: Option<Ref>,
        /// The parallel activation that it is a branch of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<ExecutionId>,
        /// The barrier that opened for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        join: Option<JoinStart>,
    },
    /// The text to find an activation by was evaluated.
    Tagged {
        /// When.
        at: Timestamp,
        /// Which.
        execution: ExecutionId,
        /// The text.
        trace_tag: String,
    },
    /// Edges that had been left behind by a join can no longer arrive and were moved on.
    JoinMoved {
        /// When.
        at: Timestamp,
        /// The joining task.
        join: TaskIx,
        /// Which of its inbound edges.
        edges: Vec<u32>,
    },
    /// An activation waits before its first attempt.
    Delayed {
        /// When.
        at: Timestamp,
        /// Which.
        execution: ExecutionId,
        /// Until then.
        until: Timestamp,
    },
    /// The items of an iteration are known.
    ItemsPlanned {
        /// When.
        at: Timestamp,
        /// The iterating activation.
        execution: ExecutionId,
        /// What each item execution gets as its item.
        items: Arc<Vec<JsonValue>>,
        /// How many items there are, counted apart also in batches.
        total: u32,
        /// Whether an item execution gets a list of items.
        #[serde(default)]
        batched: bool,
        /// How many at once.
        concurrency: u32,
        /// How many items may fail.
        tolerated: u32,
        /// Whether the first failure too many stops the rest.
        #[serde(default)]
        fail_fast: bool,
    },
    /// The branches of a parallel task are about to start.
    BranchesPlanned {
        /// When.
        at: Timestamp,
        /// The parallel activation.
        execution: ExecutionId,
        /// How many branches.
        branches: u32,
        /// Whether the first failure stops the others.
        #[serde(default)]
        fail_fast: bool,
        /// Longest time that all of them may take together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout: Option<Duration>,
        /// When that is over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// The time of a parallel task ran out: its branches are stopped.
    BranchesTimedOut {
        /// When.
        at: Timestamp,
        /// The parallel activation.
        execution: ExecutionId,
    },
    /// One item (or batch) of an iteration got its turn.
    ItemActivated {
        /// When.
        at: Timestamp,
        /// Id of the item's execution.
        execution: ExecutionId,
        /// The iterating activation.
        parent: ExecutionId,
        /// Its place, from 0.
        index: u32,
    },
    /// An attempt is owed to whoever performs it.
    AttemptScheduled {
        /// When.
        at: Timestamp,
        /// Of which execution.
        execution: ExecutionId,
        /// Number of the attempt, from 1.
        number: u32,
        /// Rendered and validated input; none if it is that of the attempt before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<Arc<JsonMap>>,
        /// Who performs it.
        by: By,
        /// Longest time that it may take, once it has started.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout: Option<Duration>,
        /// When the run itself looks at it again: the end of a sleep, or its timeout.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// A worker took the attempt on.
    AttemptStarted {
        /// When.
        at: Timestamp,
        /// Of which execution.
        execution: ExecutionId,
        /// Number of the attempt.
        number: u32,
        /// Name of the worker.
        worker: String,
        /// When the run itself gives it up, should the worker not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// A running action reported something that is kept.
    Reported {
        /// When.
        at: Timestamp,
        /// Of which execution.
        execution: ExecutionId,
        /// Number of the attempt.
        number: u32,
        /// Number of the report within the attempt.
        report_number: u64,
        /// What it said.
        report: Report,
    },
    /// An attempt failed and there will be another.
    AttemptFailed {
        /// When.
        at: Timestamp,
        /// Of which execution.
        execution: ExecutionId,
        /// Number of the attempt.
        number: u32,
        /// Rendered input, where no earlier event holds it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<Arc<JsonMap>>,
        /// Failed or timed out.
        status: ExecutionStatus,
        /// What went wrong.
        error: Arc<ErrorInfo>,
        /// What it gave back all the same.
        #[serde(default, skip_serializing_if = "parts::is_null")]
        result: Arc<JsonValue>,
        /// The process behind it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<Arc<ProcessInfo>>,
        /// When the next attempt is due.
        retry_at: Timestamp,
    },
    /// An attempt was lost with its worker; it is done again without counting as a failure.
    AttemptLost {
        /// When.
        at: Timestamp,
        /// Of which execution.
        execution: ExecutionId,
        /// Number of the attempt.
        number: u32,
        /// What is known about it.
        reason: String,
    },
    /// An open attempt is to be stopped.
    StopRequested {
        /// When.
        at: Timestamp,
        /// Of which execution.
        execution: ExecutionId,
        /// Why.
        reason: StopReason,
        /// When the run stops waiting for the answer; never for a child run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Timestamp>,
    },
    /// An execution reached its end. Holds the result of its last attempt.
    ExecutionEnded {
        /// When.
        at: Timestamp,
        /// Which.
        execution: ExecutionId,
        /// How it ended.
        status: ExecutionStatus,
        /// Attempts begun in all.
        attempts: u32,
        /// Rendered input, where no earlier event holds it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        input: Option<Arc<JsonMap>>,
        /// What it gave back; left to their parts by iterations and parallel tasks.
        #[serde(default, skip_serializing_if = "parts::is_null")]
        result: Arc<JsonValue>,
        /// The process behind it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<Arc<ProcessInfo>>,
        /// What went wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Arc<ErrorInfo>>,
        /// Whether a transition took care of the failure.
        #[serde(default)]
        handled: bool,
    },
    /// A transition of a task that ended was taken.
    TransitionFired {
        /// When.
        at: Timestamp,
        /// The activation that ended.
        execution: ExecutionId,
        /// Which of its task's transitions, from 0.
        transition: u32,
        /// What it published.
        #[serde(default, skip_serializing_if = "Values::is_empty")]
        publish: Values,
        /// Where it leads, for people: tasks and engine commands.
        #[serde(rename = "do", default)]
        to: Vec<String>,
        /// Joins at which it arrived.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        arrived: Vec<Arrival>,
    },
    /// The run is to fail once these activations have ended.
    FailurePlanned {
        /// When.
        at: Timestamp,
        /// The error that it will end with.
        error: Arc<ErrorInfo>,
        /// After these.
        after: Vec<ExecutionId>,
    },
    /// The run cannot succeed any more: nothing new starts.
    RunFailing {
        /// When.
        at: Timestamp,
        /// How it will end: failed or timed out.
        status: ExecutionStatus,
        /// Why.
        error: Arc<ErrorInfo>,
    },
    /// Somebody asked for the run to stop: nothing new starts.
    CancelRequested {
        /// When.
        at: Timestamp,
        /// Login of who asked.
        by: String,
        /// Why, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Nothing new starts until it is resumed.
    RunPaused {
        /// When.
        at: Timestamp,
        /// Login of who asked.
        by: String,
    },
    /// The run goes on after a pause.
    RunResumed {
        /// When.
        at: Timestamp,
        /// Login of who asked.
        by: String,
    },
    /// Somebody asked for what the run did to be undone, and it began.
    CompensationStarted(CompensationStarted),
    /// Somebody else waits for the undoing that is under way.
    CompensationJoined(CompensationJoined),
    /// The next one is undone now, by an execution of its own.
    UndoActivated(UndoActivated),
    /// Somebody asked for the undoing to stop.
    CompensationStopped(CompensationStopped),
    /// The undoing came to its end, and the run with it.
    CompensationEnded(CompensationEnded),
    /// A run that had ended goes on from what went wrong.
    RunRetried(RunRetried),
    /// The run above asked for that too.
    RetryJoined(RetryJoined),
    /// An execution that had ended is done again.
    Reopened(Reopened),
    /// The run reached its end. Only undoing or retrying it may follow.
    RunEnded {
        /// When.
        at: Timestamp,
        /// How it ended.
        status: ExecutionStatus,
        /// What it gives back.
        output: Arc<JsonValue>,
        /// What went wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Arc<ErrorInfo>>,
    },
}
