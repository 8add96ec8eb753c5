//! One execution in a run's state: a task activation or one item of an iteration.
//!
//! Data only; changed by `evolve`, read by everything else in `run`.

use super::branches::Branches;
use super::cache::Cache;
use super::redo::Held;
use super::trie::{Entry, Summary};
use crate::program::{Program, Task, TaskIx};
use crate::run::ProcessInfo;
use crate::run::event::{By, StopReason, Undone};
use attune_types::{
    AttemptId, Duration, ErrorInfo, ExecutionId, ExecutionStatus, JsonMap, JsonValue, Ref, RunId,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One task activation or item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Its id.
    pub id: ExecutionId,
    /// Its place in the order in which executions came to be.
    pub created: u32,
    /// The task.
    pub task: TaskIx,
    /// The task's name.
    pub name: Arc<str>,
    /// The action that it runs.
    pub action: Option<Ref>,
    /// Number of the activation, from 1; an item has that of its iteration.
    pub activation: u32,
    /// The iteration or parallel activation above it.
    pub parent: Option<ExecutionId>,
    /// Index of the item; none for a task.
    pub item: Option<u32>,
    /// Where it stands.
    pub phase: Phase,
    /// Its parts, if it has some.
    pub parts: Parts,
    /// Attempts begun.
    pub attempts: u32,
    /// Attempts that failed and count against the retry policy.
    pub failures: u32,
    /// Attempts that were lost and done again.
    pub losses: u32,
    /// Rendered input.
    pub input: Option<Arc<JsonMap>>,
    /// What the last attempt gave back.
    pub result: Arc<JsonValue>,
    /// The process of the last attempt.
    pub process: Option<Arc<ProcessInfo>>,
    /// The error of the last attempt.
    pub error: Option<Arc<ErrorInfo>>,
    /// When it came to be.
    pub created_at: Timestamp,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether a failure of it was taken care of.
    pub handled: bool,
    /// Its place in the order in which executions ended.
    pub completed: u32,
    /// What it undoes; none for the run's own work.
    pub undoes: Option<Undone>,
    /// What of it has been undone: attempts whose child run was, 0 for the execution itself.
    pub undone: BTreeSet<u32>,
    /// Text to find it by.
    pub trace_tag: Option<Arc<str>>,
    /// Which reports were taken in, by attempt.
    pub reports: BTreeMap<u32, Reports>,
    /// Whether one of its transitions failed the run.
    #[serde(default)]
    pub fails: bool,
    /// Transitions that were taken while nothing new started, in their order.
    #[serde(default)]
    pub held: Vec<Held>,
    /// The child run of its last attempt, if it waited for one.
    #[serde(default)]
    pub child: Option<RunId>,
    /// The child run that its next attempt goes on with, if the input is the same.
    #[serde(default)]
    pub again: Option<RunId>,
    /// What templates see of it, once it has ended.
    #[serde(skip)]
    pub(in crate::run) view: Cache,
}

/// Where an execution stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reached, and not started yet.
    Ready,
    /// Waiting before its first attempt.
    Delayed(Timestamp),
    /// An attempt is open.
    Attempting(Attempt),
    /// Waiting before another attempt.
    Retrying(Timestamp),
    /// Its items or branches are at work.
    Gathering,
    /// Ended.
    Ended(ExecutionStatus),
}

/// An open attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// Who performs it.
    pub by: By,
    /// Longest time that it may take, once started.
    pub timeout: Option<Duration>,
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// When a worker took it on, and which.
    pub started: Option<(Timestamp, String)>,
    /// When the run looks at it again.
    pub due: Option<Timestamp>,
    /// Why it is being stopped.
    pub stopping: Option<StopReason>,
    /// Whether the run was paused while it was open: its child has to be told to go on.
    pub paused: bool,
}

/// The parts of an execution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parts {
    /// None: it is done by attempts.
    #[default]
    None,
    /// Items.
    Items {
        /// What each item execution gets.
        items: Arc<Vec<JsonValue>>,
        /// How many items there are, counted apart also in batches.
        total: u32,
        /// Whether an item execution gets a list.
        batched: bool,
        /// How many at once.
        concurrency: u32,
        /// How many items may fail.
        tolerated: u32,
        /// Whether the first failure too many stops the rest.
        fail_fast: bool,
        /// Item executions begun.
        begun: u32,
        /// Those of them that are still to be done again.
        #[serde(default)]
        redo: Redo,
        /// How the parts stand.
        tally: Tally,
    },
    /// Branches.
    Branches {
        /// How many.
        branches: u32,
        /// Whether the first failure stops the others.
        fail_fast: bool,
        /// Longest time that all may take together.
        timeout: Option<Duration>,
        /// When that is over.
        due: Option<Timestamp>,
        /// Whether it was over before they had ended.
        timed_out: bool,
        /// Those that began, in order.
        begun: Branches,
        /// How the parts stand.
        tally: Tally,
    },
}

/// Items that are to be done again, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redo {
    /// How many are left.
    pub left: u32,
    /// All of them are at this place or behind it.
    pub from: u32,
}

/// How the parts of an execution stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Not ended.
    pub live: u32,
    /// Succeeded, was skipped, or failed and was taken care of.
    pub good: u32,
    /// Failed or timed out.
    pub failed: u32,
    /// Items in those that failed.
    pub failed_items: u32,
    /// Cancelled.
    pub cancelled: u32,
    /// Bytes of what those that ended gave back.
    #[serde(default)]
    pub result_bytes: u64,
}

/// Which reports of an attempt were taken in: all below a number, and some above.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reports {
    below: u64,
    above: BTreeSet<u64>,
}

impl Reports {
    /// Whether that one was.
    pub fn contains(&self, number: u64) -> bool {
        number < self.below || self.above.contains(&number)
    }

    /// Takes one in.
    pub fn insert(&mut self, number: u64) {
        if number >= self.below {
            self.above.insert(number);
            while self.above.remove(&self.below) {
                self.below += 1;
            }
        }
    }
}

impl Parts {
    /// When the run itself looks at them.
    pub(in crate::run) const fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Branches { due, .. } => *due,
            Self::None | Self::Items { .. } => None,
        }
    }
}

impl Execution {
    /// Whether it has ended.
    pub const fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// Whether something is still to follow from its end.
    pub const fn is_held(&self) -> bool {
        self.is_ended() && self.parent.is_none() && !self.held.is_empty()
    }

    /// Its open attempt.
    pub const fn attempt(&self) -> Option<&Attempt> {
        match &self.phase {
            Phase::Attempting(attempt) => Some(attempt),
            _ => None,
        }
    }

    /// What it does: its task, or what undoes its task.
    pub fn task_in<'p>(&self, program: &'p Program) -> Option<&'p Task> {
        match self.undoes {
            Some(_) => program.graph.undo(self.task),
            None => program.task(self.task),
        }
    }

    /// The child run that its open attempt waits for or started, if there is one.
    pub fn child_run(&self) -> Option<RunId> {
        let attempt = self.attempt()?;
        match &attempt.by {
            By::Child { again, .. } => {
                Some(again.unwrap_or(RunId(self.id.attempt(attempt.number).0)))
            }
            By::Undo { run } => Some(*run),
            By::Worker { .. } | By::Native | By::Timer => None,
        }
    }

    /// Id of its open attempt.
    pub fn attempt_id(&self) -> Option<AttemptId> {
        self.attempt()
            .map(|attempt| self.id.attempt(attempt.number))
    }

    /// How its parts stand; none if it has no parts.
    pub const fn tally(&self) -> Option<&Tally> {
        match &self.parts {
            Parts::None => None,
            Parts::Items { tally, .. } | Parts::Branches { tally, .. } => Some(tally),
        }
    }

    /// Its status as the outside sees it.
    pub const fn status(&self) -> ExecutionStatus {
        match &self.phase {
            Phase::Ready => ExecutionStatus::Requested,
            Phase::Delayed(_) => ExecutionStatus::Waiting,
            Phase::Retrying(_) => ExecutionStatus::Retrying,
            Phase::Gathering => ExecutionStatus::Running,
            Phase::Ended(status) => *status,
            Phase::Attempting(attempt) => {
                match (&attempt.stopping, &attempt.by, &attempt.started) {
                    (Some(_), ..) => ExecutionStatus::Canceling,
                    (None, By::Worker { .. }, None) => ExecutionStatus::Scheduled,
                    (None, By::Timer, _) => ExecutionStatus::Waiting,
                    _ => ExecutionStatus::Running,
                }
            }
        }
    }
}

impl Entry for Execution {
    fn summary(&self) -> Summary {
        let (start, due) = match &self.phase {
            Phase::Delayed(at) | Phase::Retrying(at) => (Some(*at), None),
            Phase::Attempting(attempt) => (None, attempt.due),
            Phase::Gathering => (None, self.parts.due()),
            Phase::Ready | Phase::Ended(_) => (None, None),
        };
        Summary {
            live: if self.is_ended() { 0 } else { 1 },
            start,
            due,
        }
    }

    fn changed(&mut self) {
        self.view = Cache::default();
    }
}

/// Which execution an attempt belongs to.
impl Entry for ExecutionId {}
