//! Actions: what can be run, by which runner, with which parameters and result.
//!
//! Owns [`ActionDef`] and what belongs to it. Never runs anything. Used by the executor to dispatch
//! and by the flow checker to compare inputs with schemas.

use super::keyword::keyword;
use super::seconds;
use crate::schema::Schema;
use attune_types::{Duration, Ref};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

keyword! {
    /// What executes an action.
    Runner {
        /// A workflow: a child run.
        Workflow = "workflow",
        /// Built into the engine.
        Native = "native",
        /// A shell script.
        Shell = "shell",
        /// A Python script.
        Python = "python",
        /// A Node.js script.
        Node = "node",
        /// An HTTP request; the entry point is the URL.
        Http = "http",
        /// An executable file of the pack.
        Binary = "binary",
        /// A container; the entry point is the image.
        Container = "container",
    }
}

impl Runner {
    /// Whether the entry point is a file of the pack.
    pub fn runs_a_file(self) -> bool {
        matches!(self, Self::Shell | Self::Python | Self::Node | Self::Binary)
    }

    /// Whether it runs in a process of its own, on a worker.
    pub fn needs_worker(self) -> bool {
        self.runs_a_file() || self == Self::Container
    }
}

keyword! {
    /// How a process's standard output is read.
    OutputFormat {
        /// One JSON value.
        Json = "json",
        /// One JSON value a line, gathered into a list.
        Jsonl = "jsonl",
        /// One YAML document.
        Yaml = "yaml",
        /// Plain text.
        Text = "text",
    }
}

keyword! {
    /// How parameters reach a process.
    Delivery {
        /// As JSON on standard input.
        Stdin = "stdin",
        /// As a JSON file whose path is in the environment.
        File = "file",
        /// As environment variables.
        Env = "env",
    }
}

keyword! {
    /// How the delay between attempts grows.
    Backoff {
        /// Always the same.
        Constant = "constant",
        /// Once, twice, three times the delay.
        Linear = "linear",
        /// Doubled each time.
        Exponential = "exponential",
    }
}

/// When and how often a failed attempt is tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryDef {
    /// How many further attempts after the first.
    pub count: u32,
    /// Time before the second attempt.
    #[serde(with = "seconds", default)]
    pub delay: Duration,
    /// How the delay grows.
    pub backoff: Backoff,
    /// The longest delay.
    #[serde(
        with = "seconds::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub max_delay: Option<Duration>,
    /// The share of each delay, 0 to 1, that is left to chance.
    #[serde(default)]
    pub jitter: f64,
    /// Expression over `error`; only failures for which it holds are tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<String>,
}

impl RetryDef {
    /// The delay before attempt `next` (the second attempt is 2), before jitter.
    pub fn delay_before(&self, next: u32) -> Duration {
        let step = next.saturating_sub(2);
        let factor = match self.backoff {
            Backoff::Constant => 1.0,
            Backoff::Linear => f64::from(step) + 1.0,
            Backoff::Exponential => 2f64.powi(i32::try_from(step.min(60)).unwrap_or(60)),
        };
        let longest = self.max_delay.unwrap_or(LONGEST_DELAY).min(LONGEST_DELAY);
        let seconds = self.delay.as_secs_f64() * factor;
        Duration::try_from_secs_f64(seconds).map_or(longest, |delay| delay.min(longest))
    }
}

/// No delay between attempts is longer than a week, whatever the growth says.
const LONGEST_DELAY: Duration = Duration::from_secs(7 * 86_400);

/// Limits of one process; `None` means the worker's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsDef {
    /// Address space in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// Processor time in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<u64>,
    /// Bytes of standard output that are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_bytes: Option<u64>,
    /// Open files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
    /// Processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u64>,
}

/// One action of a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionDef {
    /// `pack.name`.
    #[serde(rename = "ref")]
    pub reference: Ref,
    /// For people.
    pub label: String,
    /// For people, longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What executes it.
    pub runner: Runner,
    /// The file to run, relative to the pack's folder (not to the YAML file); a URL or an image
    /// for the runners that take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_point: Option<String>,
    /// The graph, relative to the pack's folder, when metadata and graph are apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_file: Option<String>,
    /// Of a workflow whose metadata and graph are apart: the version for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it takes.
    #[serde(default)]
    pub parameters: Schema,
    /// What it gives; `None` when nothing is promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Schema>,
    /// How standard output is read.
    #[serde(default = "text")]
    pub output_format: OutputFormat,
    /// How parameters reach the process.
    #[serde(default = "stdin")]
    pub parameter_delivery: Delivery,
    /// Of one attempt.
    #[serde(
        with = "seconds::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<Duration>,
    /// The default for tasks that do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryDef>,
    /// Whether a lost attempt may be run again without asking.
    #[serde(default)]
    pub idempotent: bool,
    /// The worker pool that it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Limits of its process.
    #[serde(default)]
    pub limits: LimitsDef,
    /// Environment variables of its process.
    #[serde(default)]
    pub env: IndexMap<String, String>,
}

impl ActionDef {
    /// An action that takes nothing, promises nothing, and has only defaults.
    pub fn new(reference: Ref, runner: Runner) -> Self {
        Self {
            label: reference.to_string(),
            reference,
            description: None,
            runner,
            entry_point: None,
            workflow_file: None,
            version: None,
            parameters: Schema::default(),
            output: None,
            output_format: text(),
            parameter_delivery: stdin(),
            timeout: None,
            retry: None,
            idempotent: false,
            pool: None,
            limits: LimitsDef::default(),
            env: IndexMap::new(),
        }
    }
}

fn text() -> OutputFormat {
    OutputFormat::Text
}

fn stdin() -> Delivery {
    Delivery::Stdin
}
