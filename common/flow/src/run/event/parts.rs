//! What events are made of: barriers, arrivals, who performs an attempt, why one is stopped.
//!
//! Data only; stored inside of events, so that a change of shape needs an upcaster in `wire`.

use crate::program::TaskIx;
use attune_types::{JsonValue, Labels, Ref, RunId};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Named values, shared between events and state.
pub type Values = IndexMap<String, Arc<JsonValue>>;

/// A barrier that opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinStart {
    /// Which time, from 1.
    pub generation: u32,
    /// Inbound edges that could not arrive any more and are moved on to this generation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<u32>,
}

/// One arrival at a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The joining task.
    pub join: TaskIx,
    /// Which of its inbound edges.
    pub edge: u32,
    /// How many inbound edges it has.
    pub edges: u32,
}

/// Who performs an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum By {
    /// A worker of this pool.
    Worker {
        /// Name of the pool.
        pool: String,
        /// Labels that the worker must have.
        #[serde(default, skip_serializing_if = "Labels::is_empty")]
        selector: Labels,
    },
    /// The executor itself.
    Native,
    /// A child run.
    Child {
        /// The workflow to run.
        action: Ref,
        /// Whether the task waits for the child's end.
        wait: bool,
        /// The child run of an earlier attempt, which is asked to go on from what went wrong; none:
        /// a new one, with the id of the attempt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<RunId>,
    },
    /// The run's own clock: `core.sleep`.
    Timer,
    /// A child run that has ended and is to undo what it did.
    Undo {
        /// Which.
        run: RunId,
    },
}

/// Why an open attempt is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The run is being cancelled.
    Cancelled,
    /// The run failed and its policy stops what still runs.
    RunFailed,
    /// The run's time ran out.
    RunTimedOut,
    /// Another item or branch failed and the first failure stops the rest.
    FailFast,
    /// The time of the parallel task above ran out.
    ParallelTimedOut,
    /// The attempt's own time ran out.
    TimedOut,
}

/// Whether there is no value.
pub(super) fn is_null(value: &Arc<JsonValue>) -> bool {
    value.is_null()
}
