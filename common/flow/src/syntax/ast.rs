//! The tree of a definition: what was written, where, with shorthands folded.
//!
//! Owns data only. Made by the readers beside it, read by [`crate::check`]. Values that may hold
//! templates stay YAML nodes, so that an error inside of one still knows its line.

use crate::program::{Backoff, Cancellation, Join, OnFailure, OnLimit, Tolerate};
use attune_pack::yaml::Node;
use attune_pack::{Schema, Span};
use attune_types::{Duration, Labels, Ref};

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value at a place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// One named value: a variable, a published name, an output.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: Spanned<String>,
    /// A literal or template.
    pub value: Node,
}

/// A whole definition.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Where it begins.
    pub span: Span,
    /// `ref`.
    pub reference: Option<Spanned<Ref>>,
    /// `label`.
    pub label: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `version`.
    pub version: Option<String>,
    /// `parameters`, if given.
    pub parameters: Option<Schema>,
    /// `output`.
    pub output: Option<Schema>,
    /// `vars`, in order.
    pub vars: Vec<Entry>,
    /// `tasks`, in order.
    pub tasks: Vec<Task>,
    /// `output_map`, in order.
    pub output_map: Option<Vec<Entry>>,
    /// `timeout`.
    pub timeout: Option<Node>,
    /// `retry`: the default of its tasks.
    pub retry: Option<Retry>,
    /// `on_failure`.
    pub on_failure: OnFailure,
    /// `cancellation_policy`.
    pub cancellation: Cancellation,
    /// `concurrency`.
    pub concurrency: Option<Concurrency>,
    /// `labels`.
    pub labels: Vec<Entry>,
    /// `trace_tag`.
    pub trace_tag: Option<Node>,
}

/// `concurrency` of a workflow.
#[derive(Clone, Debug)]
pub struct Concurrency {
    /// `limit`, or the number itself.
    pub limit: u32,
    /// `key`.
    pub key: Option<Node>,
    /// `on_limit`.
    pub on_limit: OnLimit,
}

/// One task.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its name.
    pub name: Spanned<String>,
    /// What it does; none when that could not be read.
    pub work: Option<Work>,
    /// `input`.
    pub input: Option<Node>,
    /// `when`.
    pub when: Option<Node>,
    /// `with_items`.
    pub items: Option<Items>,
    /// `retry`.
    pub retry: Option<Retry>,
    /// `timeout`.
    pub timeout: Option<Node>,
    /// `delay`.
    pub delay: Option<Node>,
    /// `join`.
    pub join: Option<Spanned<Join>>,
    /// `next` and all shorthands.
    pub next: Vec<Transition>,
    /// `compensate`.
    pub compensate: Option<Compensate>,
    /// `idempotent`, if it says.
    pub idempotent: Option<bool>,
    /// `pool`.
    pub pool: Option<Spanned<String>>,
    /// `worker_selector`.
    pub worker_selector: Option<Spanned<Labels>>,
    /// `trace_tag`.
    pub trace_tag: Option<Node>,
    /// Tasks that it is to come after, by a key that only other systems have: such a definition has an
    /// error.
    pub after: Vec<Spanned<String>>,
}

/// What a task does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Calls an action.
    Action {
        /// The action.
        reference: Spanned<Ref>,
        /// `type: workflow`: it must be one.
        workflow: bool,
    },
    /// Starts its children together.
    Parallel {
        /// The children.
        children: Vec<Task>,
        /// `fail_fast`.
        fail_fast: bool,
    },
}

/// `with_items` and what stands beside it.
#[derive(Clone, Debug)]
pub struct Items {
    /// The list, map, number or template.
    pub over: Node,
    /// `as`.
    pub name: String,
    /// `concurrency`.
    pub concurrency: Option<Node>,
    /// `batch_size`.
    pub batch_size: Option<Node>,
    /// `fail_fast`.
    pub fail_fast: bool,
    /// `tolerate`.
    pub tolerate: Tolerate,
}

/// `retry`.
#[derive(Clone, Debug)]
pub struct Retry {
    /// `count`.
    pub count: u32,
    /// `delay`.
    pub delay: Duration,
    /// `backoff`.
    pub backoff: Backoff,
    /// `max_delay`.
    pub max_delay: Option<Duration>,
    /// `jitter`.
    pub jitter: bool,
    /// `on_error`.
    pub on_error: Option<Node>,
}

/// One way on.
#[derive(Clone, Debug)]
pub struct Transition {
    /// When it fires.
    pub when: Condition,
    /// What it publishes.
    pub publish: Vec<Entry>,
    /// Task names and engine commands.
    pub to: Vec<Spanned<String>>,
    /// Where it stands.
    pub span: Span,
}

/// When a transition fires.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Whatever the status.
    Always,
    /// As written.
    Written(Node),
    /// Made from a shorthand.
    Status(&'static str),
    /// One branch of a decision: its own condition, and those before it that must not hold. The
    /// default has none of its own.
    Branch {
        /// Conditions of the branches before.
        before: Vec<Node>,
        /// Its own.
        own: Option<Node>,
    },
}

/// `compensate`.
#[derive(Clone, Debug)]
pub enum Compensate {
    /// By an action.
    Action {
        /// The action.
        reference: Spanned<Ref>,
        /// Its input.
        input: Option<Node>,
    },
    /// By a task.
    Task(Spanned<String>),
}
