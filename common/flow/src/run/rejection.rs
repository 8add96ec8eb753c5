//! Why a run refused a command. A value, not a failure.

use attune_types::ExecutionStatus;
use serde::{Deserialize, Serialize};

/// The answer to a command that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Rejection {
    /// The run has ended.
    #[error("the run has already ended with status {status}")]
    Ended {
        /// How it ended.
        status: ExecutionStatus,
    },
    /// The run has not ended, and only what has ended can be undone.
    #[error("the run is {status}: cancel it, or wait for its end, and compensate it then")]
    NotEnded {
        /// Where it stands.
        status: ExecutionStatus,
    },
    /// The run knows no such attempt.
    #[error("the run knows no attempt {attempt}")]
    UnknownAttempt {
        /// The attempt that was named.
        attempt: attune_types::AttemptId,
    },
    /// The attempt has its recorded result already, or was given up.
    #[error("the attempt {attempt} is already closed")]
    ClosedAttempt {
        /// The attempt that was named.
        attempt: attune_types::AttemptId,
    },
    /// The decision reads keys that are not known to it: look them up and decide again with them
    /// ([`decide_with_keys`](super::decide_with_keys)). Nothing was refused.
    #[error("{} keys have to be looked up first", .keys.len())]
    NeedsKeys {
        /// All that it was seen to need, and all that the Program names.
        keys: Vec<attune_template::KeyRef>,
    },
    /// The command does not fit what the run is doing.
    #[error("{reason}")]
    NotNow {
        /// What it is doing, and what would have to be.
        reason: String,
    },
}
