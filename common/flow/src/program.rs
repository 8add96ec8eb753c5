//! The checked, immutable form of a workflow or of a single action, and its content hash.
//!
//! Owns the types that `decide` reads. Made by `check` (from a workflow's text) and by
//! [`Program::of_action`]; stored as JSON and loaded again by hash. Never changed once made, never
//! reads anything outside itself: what it needs of the actions it calls is copied in.

use attune_pack::{Delivery, OutputFormat, Runner, Schema};
use attune_template::{KeyRef, Template};
use attune_types::{Labels, ProgramHash, Ref};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

mod concurrency;
mod limits;
mod parts;

pub use concurrency::{Concurrency, OnLimit};
pub use limits::{DefinitionLimits, Limits, RunLimits};
pub use parts::{Backoff, Compensate, Items, Join, Retry, Target, Tolerate, Transition};

/// Dense number of a task in its Program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskIx(pub u32);

/// A checked workflow or action, ready to be run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Program {
    /// SHA-256 of the canonical JSON of all fields but this one and the derived ones.
    pub hash: ProgramHash,
    /// The workflow or action.
    pub reference: Ref,
    /// Version text for people.
    pub version: String,
    /// Whether it stands for a workflow or for one action.
    pub kind: ProgramKind,
    /// What it takes.
    pub parameters: Schema,
    /// What it gives, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Schema>,
    /// Evaluated in order once, at the start.
    #[serde(with = "crate::template_json::named")]
    pub vars: Vec<(String, Template)>,
    /// All tasks; children of parallel tasks too.
    pub tasks: Vec<Task>,
    /// Evaluated at the end. Without one, the run's output is the result of the task that
    /// ended last (of the only task, for an action).
    #[serde(with = "crate::template_json::optional_named", default)]
    pub output_map: Option<Vec<(String, Template)>>,
    /// Longest time for the whole run (seconds or text like `1h`, once evaluated).
    #[serde(
        with = "crate::template_json::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<Template>,
    /// What happens to running tasks after an unhandled failure.
    pub on_failure: OnFailure,
    /// What a cancel does to running tasks.
    pub cancellation: Cancellation,
    /// How many of its runs may be active at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// Labels for the run.
    #[serde(with = "crate::template_json::named", default)]
    pub labels: Vec<(String, Template)>,
    /// Text to find the run by.
    #[serde(
        with = "crate::template_json::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub trace_tag: Option<Template>,
    /// Bounds of this Program's runs.
    pub limits: RunLimits,
    /// What follows from the tasks: entry tasks, inbound edges, reachability. Made again at load.
    #[serde(skip)]
    pub graph: crate::graph::Graph,
}

/// What a Program stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramKind {
    /// A workflow from a file or a request.
    Workflow,
    /// One action, wrapped so that it runs by the same machinery.
    Action,
}

/// What happens to tasks still running when a failure is not handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// They may end.
    #[default]
    FinishRunning,
    /// They are stopped.
    CancelRunning,
}

/// What a cancel does to tasks still running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancellation {
    /// They may end.
    AllowFinish,
    /// They are stopped.
    #[default]
    CancelRunning,
}

/// One task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Its name; unique in the Program.
    pub name: String,
    /// What it does.
    pub work: Work,
    /// The parallel task that it is a child of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_of: Option<TaskIx>,
    /// A map of literals and templates.
    #[serde(with = "crate::template_json::value")]
    pub input: Template,
    /// False: the task is skipped.
    #[serde(
        with = "crate::template_json::condition",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub when: Option<Template>,
    /// One activation per item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Items>,
    /// Trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Of one attempt (seconds or text, once evaluated).
    #[serde(
        with = "crate::template_json::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<Template>,
    /// Before the first attempt (seconds or text, once evaluated).
    #[serde(
        with = "crate::template_json::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub delay: Option<Template>,
    /// The barrier before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<Join>,
    /// What follows; all transitions whose condition holds fire, in order.
    pub next: Vec<Transition>,
    /// How it is undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensate: Option<Compensate>,
    /// Whether a lost attempt may be run again without asking.
    pub idempotent: bool,
    /// Text to find the task by.
    #[serde(
        with = "crate::template_json::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub trace_tag: Option<Template>,
}

/// What a task does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Calls an action.
    Action(Box<ActionCall>),
    /// Starts its children together and ends when all have.
    Parallel {
        /// The children, in the order of the file.
        children: Vec<TaskIx>,
        /// Whether the first failure cancels the others.
        fail_fast: bool,
    },
}

/// An action as a Program calls it: all that is needed of its definition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActionCall {
    /// The action.
    pub reference: Ref,
    /// Who performs it.
    pub performer: Performer,
    /// What it takes.
    pub parameters: Schema,
    /// What it promises to give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Schema>,
}

/// Who performs an action.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Performer {
    /// `decide` itself: pure actions, done in the same step.
    Inline(InlineAction),
    /// The executor, without a worker.
    Native(NativeAction),
    /// A worker pool.
    Worker {
        /// Queue of the pool.
        pool: String,
        /// Labels that the worker must have.
        #[serde(default, skip_serializing_if = "Labels::is_empty")]
        selector: Labels,
        /// How to run it.
        spec: Box<WorkerSpec>,
    },
    /// A child run.
    Child,
    /// Known to the catalogue, not to this build: fails with code `unavailable`.
    Unavailable {
        /// Why, for people.
        reason: String,
    },
}

/// Pure built-in actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InlineAction {
    /// `core.noop`: null.
    Noop,
    /// `core.set`: its input.
    Set,
    /// `core.fail`: fails with `message` and `code`.
    Fail,
    /// `core.sleep`: waits by a timer of the run itself; `{slept_seconds}`.
    Sleep,
}

/// Built-in actions with an effect outside, performed by the executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NativeAction {
    /// `core.http`.
    Http,
    /// `core.notify`.
    Notify,
    /// `core.emit_event`.
    EmitEvent,
}

/// How a worker runs an action: the part of its definition that matters then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerSpec {
    /// Which runner.
    pub runner: Runner,
    /// File, relative to the pack's folder.
    pub entry_point: String,
    /// How parameters reach the process.
    pub delivery: Delivery,
    /// How its output is read.
    pub output_format: OutputFormat,
    /// Environment that the action's definition sets.
    #[serde(default)]
    pub env: std::collections::BTreeMap<String, String>,
}

impl Program {
    /// The task with that number. Numbers come from the Program itself, so there always is one;
    /// a number from elsewhere gives none.
    pub fn task(&self, ix: TaskIx) -> Option<&Task> {
        self.tasks.get(ix.0 as usize)
    }

    /// The keys that its templates name by literal texts; `own` is the pack that a run of it reads
    /// without naming one. Keys whose names are made in a run are not among them.
    pub fn constant_keys(&self, own: &str) -> BTreeSet<KeyRef> {
        crate::looks_back::all_templates(self)
            .into_iter()
            .flat_map(Template::keys)
            .map(|used| KeyRef::new(used.pack.as_deref().unwrap_or(own), used.name.as_str()))
            .collect()
    }
}
