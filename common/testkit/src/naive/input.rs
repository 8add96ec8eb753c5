//! What the naive interpreter is told.

use attune_flow::run::Outcome;
use attune_types::ExecutionStatus;

/// Names one attempt without any id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    /// The task.
    pub task: String,
    /// Which time it was reached, from 1.
    pub activation: u32,
    /// Which item of it.
    pub item: Option<u32>,
    /// Which attempt, from 1.
    pub attempt: u32,
}

/// What the world did.
#[derive(Clone, Debug)]
pub enum Input {
    /// The run may start.
    Begin,
    /// The time is looked at. With it what the run's own patience did to silent attempts: asked them
    /// to stop, or gave them up with that status.
    Wake {
        /// Asked to stop because their time ran out.
        expired: Vec<Who>,
        /// Given up.
        given_up: Vec<(Who, ExecutionStatus)>,
    },
    /// A worker took an attempt on.
    Started(Who),
    /// An attempt ended.
    Finished(Who, Outcome),
    /// An attempt's worker is gone.
    Lost(Who),
    /// The run has its place among the runs of its workflow.
    Granted,
    /// There is none for it.
    Refused,
    /// Somebody asked the run, which had ended, to go on from what went wrong.
    Retry,
    /// Somebody asked the run to stop.
    Cancel,
    /// Somebody asked it to start nothing new.
    Pause,
    /// And to go on; with it what was due meanwhile, as for [`Input::Wake`].
    Resume {
        /// Asked to stop because their time ran out.
        expired: Vec<Who>,
        /// Given up.
        given_up: Vec<(Who, ExecutionStatus)>,
    },
}
