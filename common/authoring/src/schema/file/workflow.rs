//! `workflows/*.yaml`.

use super::super::form;
use super::{Concurrency, Retry, Task};
use schemars::JsonSchema;

/// A workflow: tasks in an order, an action like any other.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Attune workflow")]
pub struct Workflow {
    /// The name that others call it by, `pack.name`; must match the pack and the file.
    #[serde(rename = "ref")]
    #[schemars(schema_with = "form::reference")]
    pub reference: String,
    /// What people see in lists.
    pub label: String,
    /// What it is for, in a sentence or more.
    pub description: Option<String>,
    /// A version for people, such as `1.0.0`. What decides whether a definition is new is its content.
    #[schemars(schema_with = "form::version")]
    pub version: String,
    /// Words to find it by.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub tags: Vec<String>,
    /// What a run is given: fields with their types, or a JSON Schema object. Checked when a run
    /// starts, every error at once.
    #[serde(default)]
    #[schemars(schema_with = "form::fields")]
    pub parameters: (),
    /// What a run gives, in the same two forms. Checked when it ends.
    #[serde(default)]
    #[schemars(schema_with = "form::fields")]
    pub output: (),
    /// Labels of the run, to find it by; templates over the parameters and variables.
    #[serde(default)]
    #[schemars(schema_with = "form::named")]
    pub labels: (),
    /// A text to find the run by; a template.
    #[serde(default)]
    #[schemars(schema_with = "form::written")]
    pub trace_tag: (),
    /// The longest time of the whole run: seconds, text such as `1h30m`, or a template.
    #[serde(default)]
    #[schemars(schema_with = "form::templated_duration")]
    pub timeout: (),
    /// How tasks without a `retry` of their own are tried again.
    pub retry: Option<Retry>,
    /// What happens to tasks that still run when a failure is not handled; nothing new starts either
    /// way. Without it they may finish.
    pub on_failure: Option<OnFailure>,
    /// What a cancel does to tasks that still run. Without it they are cancelled.
    pub cancellation_policy: Option<CancellationPolicy>,
    /// How many runs of this workflow go on at once: a number, or the long form.
    #[serde(default)]
    #[schemars(schema_with = "form::number_or::<Concurrency>")]
    pub concurrency: (),
    /// Variables, evaluated once at the start in this order; tasks publish into the same names.
    #[serde(default)]
    #[schemars(schema_with = "form::named")]
    pub vars: (),
    /// The tasks: a list, or a map of name to task.
    #[schemars(schema_with = "form::list_or_map::<Task>")]
    pub tasks: (),
    /// The result of the run, evaluated when it ends. Without one it is the result of the task that
    /// ended last.
    #[serde(default)]
    #[schemars(schema_with = "form::named")]
    pub output_map: (),
    /// Layout for editors; means nothing to a run.
    #[serde(default)]
    #[schemars(schema_with = "form::any")]
    pub ui: (),
}

/// What happens to running tasks after an unhandled failure.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum OnFailure {
    /// They may finish.
    FinishRunning,
    /// They are cancelled.
    CancelRunning,
}

/// What a cancel does to running tasks.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum CancellationPolicy {
    /// They may finish.
    AllowFinish,
    /// They are cancelled.
    CancelRunning,
}
