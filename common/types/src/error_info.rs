//! What went wrong in a task or a run, as `error` in the workflow language shows it.

use crate::JsonValue;
use serde::{Deserialize, Serialize};

/// The error of a failed or timed-out task, item or run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorInfo {
    /// Stable text to decide by; see [`code`].
    pub code: String,
    /// What happened, for people.
    pub message: String,
    /// Exit code, where a process ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The task the error belongs to, on a run's error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The attempt (from 1) that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Anything more that helps.
    #[serde(default, skip_serializing_if = "JsonValue::is_null")]
    pub details: JsonValue,
}

impl ErrorInfo {
    /// An error with only a code and a message.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            exit_code: None,
            task: None,
            attempt: None,
            details: JsonValue::Null,
        }
    }

    /// The same error with details.
    #[must_use]
    pub fn with_details(mut self, details: JsonValue) -> Self {
        self.details = details;
        self
    }

    /// The same error, belonging to a task.
    #[must_use]
    pub fn of_task(mut self, task: &str) -> Self {
        self.task = Some(task.to_owned());
        self
    }
}

/// The stable error codes that the engine itself gives.
pub mod code {
    /// A process ended with another code than 0.
    pub const EXIT_STATUS: &str = "exit_status";
    /// A process was ended by a signal that the engine did not send.
    pub const SIGNAL: &str = "signal";
    /// Time ran out.
    pub const TIMEOUT: &str = "timeout";
    /// A person said no.
    pub const REJECTED: &str = "rejected";
    /// A policy said no.
    pub const DENIED: &str = "denied";
    /// The output is not what the action's format or schema promises.
    pub const OUTPUT_INVALID: &str = "output_invalid";
    /// The rendered input is not what the action's schema takes.
    pub const INPUT_INVALID: &str = "input_invalid";
    /// A template could not be evaluated.
    pub const TEMPLATE: &str = "template";
    /// The worker that ran it is gone.
    pub const LOST: &str = "lost";
    /// Cancelled.
    pub const CANCELLED: &str = "cancelled";
    /// `core.fail`, unless it names its own.
    pub const FAILED: &str = "failed";
    /// A join can no longer gather what it needs.
    pub const JOIN_UNREACHABLE: &str = "join_unreachable";
    /// The run had more activations than its limit.
    pub const ACTIVATION_LIMIT: &str = "activation_limit";
    /// More items than one iteration may have.
    pub const ITEM_LIMIT: &str = "item_limit";
    /// Child runs nested deeper than the limit.
    pub const DEPTH_LIMIT: &str = "depth_limit";
    /// A value is larger than the limit for inline payloads.
    pub const PAYLOAD_LIMIT: &str = "payload_limit";
    /// The action could not be started (no such file, no such interpreter ...).
    pub const START_FAILED: &str = "start_failed";
    /// As many runs of the workflow are active as may be.
    pub const CONCURRENCY: &str = "concurrency";
    /// Some items of an iteration failed.
    pub const ITEMS_FAILED: &str = "items_failed";
    /// A branch of a parallel task failed.
    pub const BRANCH_FAILED: &str = "branch_failed";
    /// What a run did could not be undone, or not all of it.
    pub const COMPENSATION_FAILED: &str = "compensation_failed";
    /// The child run of an earlier attempt, which was to go on, cannot.
    pub const RETRY_REFUSED: &str = "retry_refused";
    /// The action exists but this build cannot run it yet.
    pub const UNAVAILABLE: &str = "unavailable";
    /// The engine itself broke; the message says where. A bug to report.
    pub const INTERNAL: &str = "internal";
    /// An HTTP call could not be made or was answered with an unexpected status.
    pub const HTTP: &str = "http";
}
