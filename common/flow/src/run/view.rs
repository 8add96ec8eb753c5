//! What the outside sees of a run: rows of the read model and live notices. Pure projections.
//!
//! Written by the executor in the transaction that appends the events; read by the API. Rebuilding
//! them from the events gives the same rows.

use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, JsonValue, Ref, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One execution as lists and detail pages show it: the run itself, a task activation, an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutionRow {
    /// Its id; the run's own row has the run's id.
    pub id: ExecutionId,
    /// The run whose history it belongs to.
    pub run: RunId,
    /// The execution above it in the tree: the run for a task, the task for an item; for a child
    /// run, the task of the parent run.
    pub parent: Option<ExecutionId>,
    /// What kind of thing it is.
    pub kind: ExecutionKind,
    /// Task name; for an item also the task's; none for a run.
    pub task: Option<String>,
    /// The action that it runs, where it runs one.
    pub action: Option<Ref>,
    /// Number of this activation of the task, from 1.
    pub activation: u32,
    /// Index of the item, from 0.
    pub item_index: Option<u32>,
    /// Attempts begun so far.
    pub attempt: u32,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// Rendered input, once known.
    pub input: JsonValue,
    /// Its result, once ended.
    pub result: JsonValue,
    /// Its error, if it failed.
    pub error: Option<ErrorInfo>,
    /// When it came to be.
    pub created_at: Timestamp,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Labels; of runs only.
    pub labels: BTreeMap<String, String>,
    /// Money spent; of runs only.
    pub cost_usd: f64,
    /// Text to find the run by: its own, or that of a task in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_tag: Option<String>,
    /// The task that this execution undoes; none if it undoes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensates: Option<String>,
}

/// Which level of a run's tree an execution stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionKind {
    /// A whole run of a workflow.
    Workflow,
    /// A whole run of a single action.
    Action,
    /// A task in a run.
    Task,
    /// One item or batch of an iteration.
    Item,
}

/// News for the outside that follows from an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// The run reached its end.
    RunFinished {
        /// The run.
        run: RunId,
        /// How it ended.
        status: ExecutionStatus,
    },
    /// Something changed; whoever watches may read on from `seq`.
    RunChanged {
        /// The run.
        run: RunId,
    },
}
