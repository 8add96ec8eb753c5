//! A task of a workflow and its parts.

use super::super::form;
use schemars::JsonSchema;

/// One step.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its name, unique in the workflow; not given where the task stands under its name as a key.
    #[serde(default)]
    #[schemars(schema_with = "form::identifier")]
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// `action` (as without it), `workflow` (the action must be one), or `parallel`.
    #[serde(rename = "type")]
    pub kind: Option<TaskType>,
    /// The action to call, as `pack.name`; a workflow is one.
    #[serde(default)]
    #[schemars(schema_with = "form::reference")]
    pub action: String,
    /// An expression. Where it does not hold the task is skipped, and its successors go on.
    #[serde(default)]
    #[schemars(schema_with = "form::expression")]
    pub when: (),
    /// One activation for each item of a list, map or number; a template, a list, or the long form.
    #[serde(default)]
    #[schemars(schema_with = "form::with_items")]
    pub with_items: (),
    /// How many items at once; all without it.
    #[serde(default)]
    #[schemars(schema_with = "form::positive")]
    pub concurrency: (),
    /// How many items go into one activation; one without it.
    #[serde(default)]
    #[schemars(schema_with = "form::positive")]
    pub batch_size: (),
    /// Waits for its inbound transitions: `all`, `any`, or so many. Without it each arrival is an
    /// activation of its own.
    #[serde(default)]
    #[schemars(schema_with = "form::join")]
    pub join: (),
    /// Waits so long before the first attempt: seconds, text such as `5m`, or a template.
    #[serde(default)]
    #[schemars(schema_with = "form::templated_duration")]
    pub delay: (),
    /// What the action is given: literals and templates. Nothing else reaches it.
    #[serde(default)]
    #[schemars(schema_with = "form::input")]
    pub input: (),
    /// The longest time of one attempt: seconds, text such as `5m`, or a template. Then the status is
    /// `timed_out`.
    #[serde(default)]
    #[schemars(schema_with = "form::templated_duration")]
    pub timeout: (),
    /// How it is tried again after a failure.
    pub retry: Option<Retry>,
    /// Whether a lost attempt may be run again without asking; as the action says without it.
    pub idempotent: Option<bool>,
    /// The worker pool where it runs.
    pub pool: Option<String>,
    /// Labels that a worker must have to run it.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub worker_selector: (),
    /// A text to find the run by; a template.
    #[serde(default)]
    #[schemars(schema_with = "form::written")]
    pub trace_tag: (),
    /// Of a parallel task: the first failure stops the other children.
    pub fail_fast: Option<bool>,
    /// Of a parallel task: the children, which start together; it ends when all have.
    #[serde(default)]
    #[schemars(schema_with = "form::list_or_map::<Task>")]
    pub tasks: (),
    /// How the task is undone: an action with its input, or the name of a task.
    #[serde(default)]
    #[schemars(schema_with = "form::text_or::<Compensate>")]
    pub compensate: (),
    /// Variables to set after success; the same as on every transition that is taken then.
    #[serde(default)]
    #[schemars(schema_with = "form::named")]
    pub publish: (),
    /// What follows: every transition whose condition holds fires, in this order.
    #[serde(default)]
    #[schemars(schema_with = "form::one_or_many::<Transition>")]
    pub next: (),
    /// Short for a transition with `when: succeeded()`: a name or a list of names.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub on_success: (),
    /// Short for a transition with `when: failed()`: a name or a list of names.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub on_failure: (),
    /// Short for a transition with `when: timed_out()`: a name or a list of names.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub on_timeout: (),
    /// Short for a transition without a condition: a name or a list of names.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub on_complete: (),
    /// After success the first branch whose condition holds is taken, else the default.
    #[serde(default)]
    pub decision: Vec<Branch>,
    /// Layout for editors; means nothing to a run.
    #[serde(default)]
    #[schemars(schema_with = "form::any")]
    pub ui: (),
}

/// What a task is.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum TaskType {
    /// Calls an action.
    Action,
    /// Starts its children together.
    Parallel,
    /// Calls an action that must be a workflow.
    Workflow,
}

/// The long form of `with_items`.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// The list, map or number, or a template that gives one. A map goes by `{key, value}`.
    #[schemars(schema_with = "form::iterable")]
    pub items: (),
    /// The name of an item in templates; `item` without it.
    #[serde(default, rename = "as")]
    #[schemars(schema_with = "form::identifier")]
    pub name: String,
    /// How many items at once; all without it.
    #[serde(default)]
    #[schemars(schema_with = "form::positive")]
    pub concurrency: (),
    /// How many items go into one activation; one without it.
    #[serde(default)]
    #[schemars(schema_with = "form::positive")]
    pub batch_size: (),
    /// The first failure stops the rest.
    pub fail_fast: Option<bool>,
    /// How many items may fail: a number, or a share such as `20%`.
    #[serde(default)]
    #[schemars(schema_with = "form::tolerate")]
    pub tolerate: (),
}

/// How a task is tried again.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// How many attempts after the first.
    #[schemars(range(min = 0, max = 1000))]
    pub count: u32,
    /// The time before the second attempt: seconds, or text such as `5s`.
    #[serde(default)]
    #[schemars(schema_with = "form::duration")]
    pub delay: (),
    /// How the delay grows: not at all, by itself each time, or doubled each time.
    #[serde(default)]
    #[schemars(schema_with = "form::word::<attune_pack::Backoff>")]
    pub backoff: (),
    /// The delay grows no longer than this.
    #[serde(default)]
    #[schemars(schema_with = "form::duration")]
    pub max_delay: (),
    /// Draws the delay between half and whole, so that many do not come back together.
    #[serde(default)]
    #[schemars(schema_with = "form::jitter")]
    pub jitter: (),
    /// An expression over `error`: only failures for which it holds are tried again.
    #[serde(default)]
    #[schemars(schema_with = "form::expression")]
    pub on_error: (),
}

/// How a task is undone.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compensate {
    /// The action that undoes it.
    #[schemars(schema_with = "form::reference")]
    pub action: String,
    /// What that action is given; sees what the task saw, and its result.
    #[serde(default)]
    #[schemars(schema_with = "form::input")]
    pub input: (),
}

/// One way on from a task.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// An expression; without one the transition fires whatever the status.
    #[serde(default)]
    #[schemars(schema_with = "form::expression")]
    pub when: (),
    /// Variables to set, before what follows starts.
    #[serde(default)]
    #[schemars(schema_with = "form::named")]
    pub publish: (),
    /// The tasks to start: a name or a list. `noop`, `fail`, `continue` and `retry` are commands.
    #[serde(default, rename = "do")]
    #[schemars(schema_with = "form::texts")]
    pub to: (),
}

/// One branch of a decision.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// An expression.
    #[serde(default)]
    #[schemars(schema_with = "form::expression")]
    pub when: (),
    /// The tasks to start: a name or a list.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub next: (),
    /// The tasks to start when no condition held; or `true`, beside `next`.
    #[serde(default)]
    #[schemars(schema_with = "form::default_branch")]
    pub default: (),
}
