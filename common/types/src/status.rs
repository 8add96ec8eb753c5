//! The statuses of executions, as the workflow language names them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where an execution stands: a run, a task in it, or one item of an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// Accepted and stored; no executor has looked at it yet.
    Requested,
    /// Handed to a worker pool or waiting for its first attempt.
    Scheduled,
    /// At work.
    Running,
    /// Held by something outside: a person, an event, a time.
    Waiting,
    /// Failed, and waiting to be tried again (tasks only).
    Retrying,
    /// Nothing new starts until it is resumed.
    Paused,
    /// Cancel was asked for; what still runs is being stopped.
    Canceling,
    /// Being undone in reverse order.
    Compensating,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Its time ran out.
    TimedOut,
    /// Stopped on request.
    Cancelled,
    /// Given up because nothing could bring it to an end.
    Abandoned,
    /// Its condition did not hold (tasks only).
    Skipped,
    /// Undone.
    Compensated,
}

/// A text that names no status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a status")]
pub struct StatusError(pub String);

impl ExecutionStatus {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 15] = [
        Self::Requested,
        Self::Scheduled,
        Self::Running,
        Self::Waiting,
        Self::Retrying,
        Self::Paused,
        Self::Canceling,
        Self::Compensating,
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Cancelled,
        Self::Abandoned,
        Self::Skipped,
        Self::Compensated,
    ];

    /// Whether nothing follows any more.
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Succeeded
                | Self::Failed
                | Self::TimedOut
                | Self::Cancelled
                | Self::Abandoned
                | Self::Skipped
                | Self::Compensated
        )
    }

    /// The text used in the language, the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Paused => "paused",
            Self::Canceling => "canceling",
            Self::Compensating => "compensating",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
            Self::Skipped => "skipped",
            Self::Compensated => "compensated",
        }
    }
}

impl fmt::Display for ExecutionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ExecutionStatus {
    type Err = StatusError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == s)
            .ok_or_else(|| StatusError(s.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_json_agree_for_every_status() {
        for status in ExecutionStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(
                serde_json::to_value(status).unwrap(),
                serde_json::Value::from(status.as_str())
            );
        }
    }
}
