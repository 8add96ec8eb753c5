//! The events of doing things again: of retrying a run that has ended, and of doing a part of another
//! run again.
//!
//! Data only; stored inside of events, so that a change of shape needs an upcaster in `wire`.

use super::Values;
use attune_types::{AttemptId, ExecutionId, Labels, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Somebody asked for the run to go on from what went wrong, and it does: its end is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRetried {
    /// When.
    pub at: Timestamp,
    /// Login of who asked.
    pub by: String,
    /// Names the request.
    pub request: Uuid,
    /// The attempt of the run above that waits for the new end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// When the whole run times out now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Whether it had reached no task: then it begins once more, with its variables.
    #[serde(default)]
    pub afresh: bool,
}

/// The run above asked for it too, while it was going on again already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryJoined {
    /// When.
    pub at: Timestamp,
    /// Names the request.
    pub request: Uuid,
    /// The attempt of the run above that waits for the end.
    pub attempt: AttemptId,
}

/// An execution that had ended is done again, under its id: its attempts count on. Of one with items or
/// branches only those that did not go well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub execution: ExecutionId,
    /// Of a parallel task: when its time is over now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
}

/// The run takes over what another one had done before the task from which on it does it again. The
/// events of that run which it keeps follow, under ids of its own and with the times that they had;
/// what comes after them is its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CarriedOver {
    /// When.
    pub at: Timestamp,
    /// How many events it takes over: those that follow.
    pub events: u64,
    /// The variables as the other run had evaluated them.
    #[serde(default)]
    pub vars: Values,
    /// Its labels when it began.
    #[serde(default)]
    pub labels: Labels,
    /// Its text to find it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_tag: Option<String>,
}
