//! The imperative alphabet: what may be asked of a run. Commands may be refused.
//!
//! Made by the executor from bus messages and inbox rows; stored in the inbox as JSON, so a change of
//! shape needs an upcaster in `wire`.

use attune_types::{AttemptId, ErrorInfo, JsonValue, RunId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who asks when it is the run above.
pub const ABOVE: &str = "parent";

/// One request to a run. Repeating a command adds no event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Start the entry tasks, if that has not happened yet.
    Begin,
    /// Look at the clock: do everything that is due.
    Wake,
    /// A worker took the attempt on.
    AttemptStarted {
        /// Which attempt.
        attempt: AttemptId,
        /// Name of the worker, for people.
        worker: String,
    },
    /// The attempt ended: by a worker, a native action, or a child run's end.
    AttemptFinished {
        /// Which attempt.
        attempt: AttemptId,
        /// How.
        outcome: Outcome,
    },
    /// No live worker knows the attempt any more.
    AttemptLost {
        /// Which attempt.
        attempt: AttemptId,
        /// What is known about it, for people.
        reason: String,
    },
    /// Something that a running action reported through `$ATTUNE_EVENTS`.
    Reported {
        /// Which attempt.
        attempt: AttemptId,
        /// Number of the report within the attempt (from 0), so that a repetition is seen.
        number: u64,
        /// What it said.
        report: Report,
    },
    /// Stop, by the workflow's cancellation policy.
    Cancel {
        /// Login of who asked.
        by: String,
        /// Why, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Start nothing new.
    Pause {
        /// Login of who asked, or [`ABOVE`].
        by: String,
    },
    /// Go on after a pause. From [`ABOVE`] it lifts a pause from there, and no other.
    Resume {
        /// Login of who asked, or [`ABOVE`].
        by: String,
    },
    /// The place among the runs of its workflow that the run asked for is its own.
    SlotGranted,
    /// All places are taken: the run stands in line for one.
    SlotQueued {
        /// Who holds them.
        holders: Vec<RunId>,
    },
    /// All places are taken, and the workflow does not let its runs wait.
    SlotRefused {
        /// Who holds them.
        holders: Vec<RunId>,
    },
    /// Go on from what went wrong, once the run has ended: what failed, was stopped or never begun is
    /// done again, what went well stays.
    Retry {
        /// Login of who asked.
        by: String,
        /// Names the request, so that a repetition is seen.
        request: Uuid,
        /// The attempt of the run above that waits for it; none if no run does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
    },
    /// Undo what the run did, once it has ended.
    Compensate {
        /// Login of who asked.
        by: String,
        /// Names the request, so that a repetition is seen.
        request: Uuid,
        /// The attempt of the run above that waits for it; none if no run does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptId>,
    },
}

impl Command {
    /// Whether a run that has ended takes it. Any other command comes too late then.
    pub const fn is_for_ended(&self) -> bool {
        matches!(self, Self::Compensate { .. } | Self::Retry { .. })
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Well.
    Succeeded {
        /// What the action gave back (the parsed output of a process).
        result: JsonValue,
        /// The process behind it, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<ProcessInfo>,
    },
    /// Badly.
    Failed {
        /// What went wrong.
        error: ErrorInfo,
        /// What it gave back all the same.
        #[serde(default, skip_serializing_if = "JsonValue::is_null")]
        result: JsonValue,
        /// The process behind it, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<ProcessInfo>,
    },
    /// Its time ran out and it was stopped.
    TimedOut {
        /// Says after how long.
        error: ErrorInfo,
        /// The process behind it, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<ProcessInfo>,
    },
    /// It was stopped because the run asked for that.
    Cancelled {
        /// The process behind it, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<ProcessInfo>,
    },
}

/// What is known of the process of an attempt. Its fields are reachable on the task's `result`
/// beside those of the data (`task.x.result.exit_code`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessInfo {
    /// Exit code; none if a signal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Standard output, capped with a marker.
    #[serde(default)]
    pub stdout: String,
    /// Standard error, capped with a marker.
    #[serde(default)]
    pub stderr: String,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
}

/// What a running action may tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Share done, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// Text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Money spent, added up on the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// What the money was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter: Option<String>,
    /// Labels to set on the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<std::collections::BTreeMap<String, String>>,
    /// A note to keep with the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotation: Option<JsonValue>,
    /// Path of a file to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
}
