//! What a run owes to the world. Effects are derived from the state, never stored.
//!
//! The executor performs them after the commit and again after a crash; performing one twice is
//! harmless because each is keyed by an attempt or a child run whose id never changes.

use super::Secrets;
use crate::program::{NativeAction, OnLimit, WorkerSpec};
use attune_types::{
    AttemptId, Duration, ExecutionId, JsonMap, Labels, Ref, RunId, Timestamp, labels_text,
};
use serde::{Deserialize, Serialize};

/// Names one obligation for as long as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectKey {
    /// Have this attempt done: by a worker pool, in the executor, or by a child run.
    Attempt(AttemptId),
    /// Have this running attempt stopped.
    Stop(AttemptId),
    /// Have this child run paused.
    Pause(RunId),
    /// Have this child run resumed.
    Resume(RunId),
    /// Have a place among the runs of the workflow.
    Slot,
    /// Look again at the earliest time that something is due.
    Wake,
}

/// One obligation.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send the attempt to a worker pool.
    Dispatch(Box<WorkOrder>),
    /// Run a native action inside the executor.
    Native(Box<NativeOrder>),
    /// Open a child run.
    OpenChild(Box<ChildOrder>),
    /// Stop an attempt on a worker or in the executor.
    StopAttempt {
        /// Which.
        attempt: AttemptId,
        /// The pool that it was sent to; none for a native action.
        pool: Option<String>,
    },
    /// Cancel a child run.
    CancelChild {
        /// Which.
        run: RunId,
        /// Why, for people.
        reason: String,
    },
    /// Have a child run that has ended undo what it did. Whoever does so answers at once with
    /// `AttemptFinished` if there is no such run, or if it cannot be read any more.
    CompensateChild {
        /// Which.
        run: RunId,
        /// The attempt that its answer closes.
        attempt: AttemptId,
        /// Login of who asked.
        by: String,
    },
    /// Pause a child run.
    PauseChild {
        /// Which.
        run: RunId,
    },
    /// Resume a child run.
    ResumeChild {
        /// Which.
        run: RunId,
    },
    /// Ask the store for a place among the runs of the workflow. Asked again, the answer is that of the
    /// first time, or what has come of it.
    AcquireSlot(Box<SlotOrder>),
    /// Send [`Command::Wake`](super::Command::Wake) at that time.
    WakeAt(Timestamp),
}

/// Names of queues that are longer are shortened; a broker takes 255 bytes with a prefix.
const LONGEST_QUEUE: usize = 180;

/// One attempt for a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkOrder {
    /// The run that it belongs to.
    pub run: RunId,
    /// The execution (task activation or item).
    pub execution: ExecutionId,
    /// The attempt's id.
    pub attempt: AttemptId,
    /// Its number, from 1.
    pub number: u32,
    /// Name of the task.
    pub task: String,
    /// The action.
    pub action: Ref,
    /// Content hash of the pack version to take the files from.
    pub pack_hash: String,
    /// How to run it.
    pub spec: WorkerSpec,
    /// The pool whose workers may run it.
    pub pool: String,
    /// Labels that the worker must have; with any, it goes to a queue of pool and labels.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub selector: Labels,
    /// Rendered and validated input.
    pub input: JsonMap,
    /// Longest time that the attempt may take, from when its process starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// W3C `traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Address of the API as the action sees it.
    #[serde(default)]
    pub api_url: String,
    /// The secrets whose tokens stand in the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Secrets>,
    /// JSON pointers into the input to what the action calls secret: what the process says is searched
    /// for these values too, wherever they come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
}

impl WorkOrder {
    /// Name of the queue that it goes to: that of its pool, or of its pool and labels.
    pub fn queue(&self) -> String {
        if self.selector.is_empty() {
            return self.pool.clone();
        }
        let labels = labels_text(&self.selector).replace(", ", ",");
        let name = format!("{}[{labels}]", self.pool);
        if name.len() <= LONGEST_QUEUE {
            return name;
        }
        let id = uuid::Uuid::new_v5(&uuid::Uuid::nil(), name.as_bytes());
        format!("{}[{id}]", self.pool)
    }
}

/// One attempt that the executor itself performs.
#[derive(Clone, Debug, PartialEq)]
pub struct NativeOrder {
    /// The run that it belongs to.
    pub run: RunId,
    /// The execution.
    pub execution: ExecutionId,
    /// The attempt's id: the idempotency key of what it does.
    pub attempt: AttemptId,
    /// Its number, from 1.
    pub number: u32,
    /// Name of the task.
    pub task: String,
    /// Which native action.
    pub action: NativeAction,
    /// Rendered and validated input.
    pub input: JsonMap,
    /// Longest time that the attempt may take.
    pub timeout: Option<Duration>,
    /// The secrets whose tokens stand in the input.
    pub secrets: Option<Secrets>,
}

/// A place among the runs of a workflow that the run needs before its tasks start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotOrder {
    /// The run.
    pub run: RunId,
    /// The workflow.
    pub workflow: Ref,
    /// The rendered key; none if all runs of the workflow are one group.
    pub key: Option<String>,
    /// How many runs of that key may be active at once.
    pub limit: u32,
    /// What happens when all places are taken.
    pub on_limit: OnLimit,
}

/// A child run that is to exist.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildOrder {
    /// Id of the child run: `RunId(attempt)`, so the same order opens it once; or that of an earlier
    /// attempt that is gone on with.
    pub run: RunId,
    /// Login of who had the run retried, if it is the child run of an earlier attempt: it is asked to
    /// go on ([`Command::Retry`](super::Command::Retry), which the attempt names), and opened only if
    /// there is none. Whoever asks answers with `AttemptFinished` if it cannot go on.
    pub again: Option<String>,
    /// The attempt that it is the work of.
    pub attempt: AttemptId,
    /// Its number, from 1.
    pub number: u32,
    /// The waiting execution.
    pub execution: ExecutionId,
    /// The workflow to run.
    pub action: Ref,
    /// Rendered parameters, not yet validated against the child's schema.
    pub parameters: JsonMap,
    /// The secrets whose tokens stand in the parameters.
    pub secrets: Option<Secrets>,
    /// Depth of the child.
    pub depth: u32,
    /// Whether the task waits for the child's end. If not, whoever opens the child answers at once
    /// with `AttemptFinished{Succeeded{result: <the child's id as text>}}`.
    pub wait: bool,
}
