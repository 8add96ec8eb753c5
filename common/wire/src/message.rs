//! What travels on the bus: one type for each family of queues.
//!
//! Owns the bodies. None of them is needed for correctness: whatever a message says is in Postgres
//! too, and the sweep finds it there. A change of shape raises `VERSION` and adds an upcaster.

use crate::Message;
use attune_flow::run::{Command, WorkOrder};
use attune_rules::TriggerEvent;
use attune_types::{AttemptId, EventId, ExecutionStatus, Labels, RunId};
use serde::{Deserialize, Serialize};

/// To the owner of a shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum ShardMessage {
    /// There is something to do for the run: look at its inbox, its timers and what it owes.
    Hint {
        /// The run.
        run: RunId,
    },
    /// A command from inside the platform (a worker's report, a child's end).
    Command {
        /// The run.
        run: RunId,
        /// What is asked of it.
        command: Command,
        /// The inbox row that holds the same command, if it is durable there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inbox: Option<uuid::Uuid>,
    },
}

impl ShardMessage {
    /// The run that it is for: it chooses the shard.
    pub const fn run(&self) -> RunId {
        match self {
            Self::Hint { run } | Self::Command { run, .. } => *run,
        }
    }
}

impl Message for ShardMessage {
    const KIND: &'static str = "shard";
    const VERSION: u16 = 1;
}

/// To a worker pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkMessage {
    /// The attempt to run.
    pub order: WorkOrder,
}

impl Message for WorkMessage {
    const KIND: &'static str = "work";
    const VERSION: u16 = 1;
}

/// To all workers; only those that it concerns act on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum WorkerControl {
    /// Stop the attempt's process group.
    Stop {
        /// The attempt.
        attempt: AttemptId,
    },
    /// There is a queue for attempts that ask for these labels: take from it if you have them.
    Queue {
        /// Its name.
        name: String,
        /// The pool that it belongs to.
        pool: String,
        /// The labels.
        selector: Labels,
    },
}

impl Message for WorkerControl {
    const KIND: &'static str = "control";
    const VERSION: u16 = 1;
}

/// To whoever matches rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum EventMessage {
    /// A sensor's event that is stored nowhere yet.
    Event {
        /// The whole event.
        event: TriggerEvent,
    },
    /// An event that is in Postgres and waits for its rules.
    Stored {
        /// Its id.
        id: EventId,
    },
}

impl Message for EventMessage {
    const KIND: &'static str = "event";
    const VERSION: u16 = 1;
}

/// To every API process, lossy: whoever watches a run reads on from the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveNotice {
    /// The run whose history grew.
    pub run: RunId,
    /// The topmost run of its tree.
    pub root: RunId,
    /// The last event's number in the run's history.
    pub seq: u64,
    /// Where the run stands after it.
    pub status: ExecutionStatus,
    /// What kind of news.
    pub kind: LiveKind,
}

/// What kind of news a [`LiveNotice`] brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveKind {
    /// The run was opened.
    Opened,
    /// Something in it changed.
    Changed,
    /// It reached its end.
    Finished,
}

impl Message for LiveNotice {
    const KIND: &'static str = "live";
    const VERSION: u16 = 1;
}
