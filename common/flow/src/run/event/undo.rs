//! The events of undoing a run.
//!
//! Data only; stored inside of events, so that a change of shape needs an upcaster in `wire`.

use attune_types::{AttemptId, ErrorInfo, ExecutionId, ExecutionStatus, Ref, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// It began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompensationStarted {
    /// When.
    pub at: Timestamp,
    /// Login of who asked.
    pub by: String,
    /// Names the request.
    pub request: Uuid,
    /// The attempt of the run above that waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// What is to be undone, in that order.
    #[serde(default)]
    pub undo: Arc<Vec<Undone>>,
}

/// Somebody else waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompensationJoined {
    /// When.
    pub at: Timestamp,
    /// Names the request.
    pub request: Uuid,
    /// The attempt of the run above that waits for it.
    pub attempt: AttemptId,
}

/// The next one is undone now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoActivated {
    /// When.
    pub at: Timestamp,
    /// Id of the execution that undoes.
    pub execution: ExecutionId,
    /// What it undoes.
    pub undoes: Undone,
    /// Name of the task that it runs.
    pub name: String,
    /// The action that it runs; of a child run, the workflow that is undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Ref>,
}

/// Somebody asked for it to stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompensationStopped {
    /// When.
    pub at: Timestamp,
    /// Login of who asked.
    pub by: String,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// It came to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompensationEnded {
    /// When.
    pub at: Timestamp,
    /// Compensated, or failed.
    pub status: ExecutionStatus,
    /// What could not be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<ErrorInfo>>,
}

/// One thing to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The task activation or item.
    pub execution: ExecutionId,
    /// The attempt of it (from 1) whose child run is to undo what it did; none: it is undone as its
    /// task says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}
