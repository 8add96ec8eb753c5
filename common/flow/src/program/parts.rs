//! The parts of a task: iteration, retry, barrier, transitions, compensation.

use super::{ActionCall, TaskIx};
use attune_template::Template;
use attune_types::Duration;
use serde::{Deserialize, Serialize};

/// An iteration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Items {
    /// Gives the list (or map, or number).
    #[serde(with = "crate::template_json::value")]
    pub over: Template,
    /// Name of the item in templates.
    pub name: String,
    /// How many at once; all without it.
    #[serde(
        with = "crate::template_json::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub concurrency: Option<Template>,
    /// Items per execution; one without it.
    #[serde(
        with = "crate::template_json::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub batch_size: Option<Template>,
    /// Whether the first failure stops the rest.
    #[serde(default)]
    pub fail_fast: bool,
    /// Failures allowed.
    #[serde(default)]
    pub tolerate: Tolerate,
}

/// Failures that an iteration allows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tolerate {
    /// So many items.
    Count(u32),
    /// That share of all items, in per cent.
    Percent(f64),
}

impl Default for Tolerate {
    fn default() -> Self {
        Self::Count(0)
    }
}

/// Trying again after a failure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts after the first.
    pub count: u32,
    /// Before the second attempt.
    pub delay: Duration,
    /// How the delay grows.
    pub backoff: Backoff,
    /// The delay's upper bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delay: Option<Duration>,
    /// Whether the delay is drawn between half and whole.
    #[serde(default)]
    pub jitter: bool,
    /// Only failures for which this holds are tried again; sees `error`.
    #[serde(
        with = "crate::template_json::condition",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub on_error: Option<Template>,
}

/// How a delay grows from attempt to attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// Always the same.
    #[default]
    Constant,
    /// n times as long.
    Linear,
    /// Doubled each time.
    Exponential,
}

/// A barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// Every inbound edge has arrived or is dead.
    All,
    /// So many arrivals.
    Count(u32),
}

/// One way on from a task that ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transition {
    /// Holds: it fires. None: always.
    #[serde(
        with = "crate::template_json::condition",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub when: Option<Template>,
    /// Written to `vars` first, in order.
    #[serde(with = "crate::template_json::named", default)]
    pub publish: Vec<(String, Template)>,
    /// Then these.
    #[serde(rename = "do")]
    pub to: Vec<Target>,
}

/// Where a transition leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A task.
    Task(TaskIx),
    /// Nothing follows, and a failure is handled.
    Noop,
    /// The run fails once the tasks named beside it have ended.
    Fail,
    /// As if the transition named nothing: a failure stays unhandled.
    Continue,
    /// The same task, again.
    Retry,
}

/// How a task is undone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compensate {
    /// By an action.
    Action {
        /// The action.
        call: Box<ActionCall>,
        /// Its input.
        #[serde(with = "crate::template_json::value")]
        input: Template,
        /// Trying again; none: as the task itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry: Option<Retry>,
        /// Of one attempt (seconds or text, once evaluated).
        #[serde(
            with = "crate::template_json::optional",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        timeout: Option<Template>,
        /// Whether a lost attempt may be run again without asking.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        idempotent: bool,
    },
    /// By a task of the same Program.
    Task(TaskIx),
}
