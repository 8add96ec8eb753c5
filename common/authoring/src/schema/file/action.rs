//! `actions/*.yaml`, and the fields of parameters and outputs.

use super::super::form;
use schemars::JsonSchema;

/// An action: a program with what it takes and what it gives, or the metadata of a workflow whose
/// graph stands in a file of its own.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Attune action")]
pub struct Action {
    /// The name that others call it by, `pack.name`.
    #[serde(rename = "ref")]
    #[schemars(schema_with = "form::reference")]
    pub reference: String,
    /// What people see in lists; the name without it.
    pub label: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// What runs it; with `workflow_file` it is `workflow` and may be left out.
    #[serde(default)]
    #[schemars(schema_with = "form::word::<attune_pack::Runner>")]
    pub runner: (),
    /// The file to run, beside this one or in the pack's folder.
    pub entry_point: Option<String>,
    /// Of a workflow: the file with the graph, such as `workflows/deploy.workflow.yaml`.
    pub workflow_file: Option<String>,
    /// With `workflow_file`: a version for people, such as `1.0.0`; without one the graph's or the pack's.
    #[serde(default)]
    #[schemars(schema_with = "form::version")]
    pub version: (),
    /// With `workflow_file`: words to find it by.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub tags: (),
    /// What it takes: fields with their types, or a JSON Schema object.
    #[serde(default)]
    #[schemars(schema_with = "form::fields")]
    pub parameters: (),
    /// What it gives, in the same two forms. A result that does not fit is a failure.
    #[serde(default)]
    #[schemars(schema_with = "form::fields")]
    pub output: (),
    /// How the standard output is read; `text` without it.
    #[serde(default)]
    #[schemars(schema_with = "form::word::<attune_pack::OutputFormat>")]
    pub output_format: (),
    /// How parameters reach the process; as JSON on its standard input without it.
    #[serde(default)]
    #[schemars(schema_with = "form::word::<attune_pack::Delivery>")]
    pub parameter_delivery: (),
    /// The longest time of one attempt: seconds, or text such as `5m`.
    #[serde(default)]
    #[schemars(schema_with = "form::duration")]
    pub timeout: (),
    /// How it is tried again where a task does not say: a number of attempts, or the long form.
    #[serde(default)]
    #[schemars(schema_with = "form::number_or::<ActionRetry>")]
    pub retry: (),
    /// Whether a lost attempt may be run again without asking.
    pub idempotent: Option<bool>,
    /// The worker pool where it runs.
    pub pool: Option<String>,
    /// Bounds of its process.
    pub limits: Option<Limits>,
    /// Environment of its process.
    #[serde(default)]
    #[schemars(schema_with = "form::environment")]
    pub env: (),
}

/// How an action is tried again.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionRetry {
    /// How many attempts after the first.
    pub count: u32,
    /// The time before the second attempt: seconds, or text such as `5s`.
    #[serde(default)]
    #[schemars(schema_with = "form::duration")]
    pub delay: (),
    /// How the delay grows.
    #[serde(default)]
    #[schemars(schema_with = "form::word::<attune_pack::Backoff>")]
    pub backoff: (),
    /// The delay grows no longer than this.
    #[serde(default)]
    #[schemars(schema_with = "form::duration")]
    pub max_delay: (),
    /// The share of the delay that is left to chance.
    #[serde(default)]
    #[schemars(schema_with = "form::jitter")]
    pub jitter: (),
    /// An expression over `error`: only failures for which it holds are tried again.
    pub on_error: Option<String>,
}

/// Bounds of a process.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Memory, in megabytes.
    pub memory_mb: Option<u64>,
    /// Time on a processor, in seconds.
    pub cpu_seconds: Option<u64>,
    /// Bytes of output.
    pub output_bytes: Option<u64>,
    /// Open files.
    pub open_files: Option<u64>,
    /// Processes.
    pub processes: Option<u64>,
}

/// One field of parameters, of an output, of a configuration.
#[derive(JsonSchema)]
#[schemars(extend("additionalProperties" = false, "patternProperties" = {"^(x-.*|minLength|maxLength|minItems|maxItems|uniqueItems|multipleOf|exclusiveMinimum|exclusiveMaximum|additionalProperties)$": true}))]
pub struct Field {
    /// The type, or a list of types; any without it.
    #[serde(default, rename = "type")]
    #[schemars(schema_with = "form::field_type")]
    pub kind: (),
    /// Whether it must be given; one with a default need not be.
    pub required: Option<bool>,
    /// The value where none is given.
    #[serde(default)]
    #[schemars(schema_with = "form::any")]
    pub default: (),
    /// The only values that are taken.
    #[serde(default, rename = "enum")]
    pub words: Vec<serde_json::Value>,
    /// The only value that is taken.
    #[serde(default, rename = "const")]
    #[schemars(schema_with = "form::any")]
    pub constant: (),
    /// Whether the value is a secret: sealed, and seen by nobody but the process that needs it.
    pub secret: Option<bool>,
    /// Whether null is taken as well.
    pub nullable: Option<bool>,
    /// What it is for.
    pub description: Option<String>,
    /// What forms call it.
    pub label: Option<String>,
    /// The same as `label`.
    pub title: Option<String>,
    /// Values to show as examples.
    #[serde(default)]
    pub examples: Vec<serde_json::Value>,
    /// Of a list: the form of each item.
    #[serde(default)]
    #[schemars(schema_with = "form::item_field")]
    pub items: (),
    /// Of an object: its fields.
    #[serde(default)]
    #[schemars(schema_with = "form::inner_fields")]
    pub properties: (),
    /// Of an object: whether other names are taken, or of which form they are.
    #[serde(default)]
    #[schemars(schema_with = "form::open")]
    pub additional_properties: (),
    /// The smallest number.
    pub minimum: Option<f64>,
    /// The largest number.
    pub maximum: Option<f64>,
    /// The number must be larger.
    pub exclusive_minimum: Option<f64>,
    /// The number must be smaller.
    pub exclusive_maximum: Option<f64>,
    /// The number must be a multiple.
    pub multiple_of: Option<f64>,
    /// The fewest characters.
    pub min_length: Option<u64>,
    /// The most characters.
    pub max_length: Option<u64>,
    /// The fewest items.
    pub min_items: Option<u64>,
    /// The most items.
    pub max_items: Option<u64>,
    /// Whether no item may stand twice.
    pub unique_items: Option<bool>,
    /// A regular expression that the text must match.
    pub pattern: Option<String>,
    /// The format of the text, such as `date-time` or `email`.
    pub format: Option<String>,
}
