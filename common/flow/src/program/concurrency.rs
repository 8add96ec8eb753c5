//! How many runs of a workflow may be active at once, as a Program says it.

use attune_template::Template;
use serde::{Deserialize, Serialize};

/// The bound on runs of one workflow at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Concurrency {
    /// So many runs of the same key.
    pub limit: u32,
    /// Gives the text that tells groups of runs apart; without it all runs are one group.
    #[serde(
        with = "crate::template_json::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub key: Option<Template>,
    /// What happens to a run that finds all places taken.
    #[serde(default)]
    pub on_limit: OnLimit,
}

/// What happens to a run that finds all places taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLimit {
    /// It waits in line.
    #[default]
    Queue,
    /// It fails with code `concurrency`.
    Reject,
    /// The oldest of the others is cancelled, and it starts when there is room.
    CancelOldest,
}
