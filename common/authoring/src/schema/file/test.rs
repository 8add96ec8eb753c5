//! `tests/*.yaml`.

use super::super::form;
use schemars::JsonSchema;

/// Tests of a workflow: how its run begins, what stands in for the world, what must come of it. One
/// test, or several under `tests`, which share what stands beside them.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Attune workflow tests")]
pub struct TestFile {
    /// The workflow that is tried, as `pack.name`; needed unless each test names its own.
    #[serde(default)]
    #[schemars(schema_with = "form::reference")]
    pub workflow: String,
    /// Name of a single test; the file's without it.
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// What the run is given.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub parameters: (),
    /// The configuration of the workflow's pack, over its defaults.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub config: (),
    /// Plain keys by name, for `kv.get`; `pack/name` for those of another pack.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub keys: (),
    /// Names of secrets, for `kv.get_secret`; `********` stands for them wherever one looks.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub secrets: (),
    /// The event that a rule answered with this run.
    pub event: Option<TestEvent>,
    /// Labels that the run is given.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub labels: (),
    /// Login of who starts it; `tester` without it.
    pub started_by: Option<String>,
    /// When it starts by its own clock, such as `2026-03-01T08:00:00Z`.
    pub at: Option<String>,
    /// Somebody cancels the run: how long after its start, or the long form.
    #[serde(default)]
    #[schemars(schema_with = "form::duration_or::<TestCancel>")]
    pub cancel: (),
    /// Somebody pauses the run and lets it go on.
    pub pause: Option<TestPause>,
    /// Whether the run goes on from what went wrong once it has ended.
    pub retry: Option<bool>,
    /// Whether the run is undone once it has ended.
    pub compensate: Option<bool>,
    /// What answers for tasks, by task (`build`, `deploy/build` in a child run) or by action
    /// (`release.build`).
    #[serde(default)]
    #[schemars(schema_with = "form::mocks")]
    pub mocks: (),
    /// The tests, each over what stands beside this key.
    pub tests: Option<Vec<TestCase>>,
    /// What must come of a single test.
    pub expect: Option<Expect>,
}

/// One test of several.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestCase {
    /// Its name.
    pub name: String,
    /// Another workflow than that of the file.
    #[serde(default)]
    #[schemars(schema_with = "form::reference")]
    pub workflow: String,
    /// What it is about.
    pub description: Option<String>,
    /// What the run is given, over that of the file.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub parameters: (),
    /// Configuration, over that of the file.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub config: (),
    /// Plain keys, over those of the file.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub keys: (),
    /// Names of further secrets.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub secrets: (),
    /// The event that a rule answered with this run.
    pub event: Option<TestEvent>,
    /// Labels, over those of the file.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub labels: (),
    /// Login of who starts it.
    pub started_by: Option<String>,
    /// When it starts by its own clock.
    pub at: Option<String>,
    /// Somebody cancels the run: how long after its start, or the long form.
    #[serde(default)]
    #[schemars(schema_with = "form::duration_or::<TestCancel>")]
    pub cancel: (),
    /// Somebody pauses the run and lets it go on.
    pub pause: Option<TestPause>,
    /// Whether the run goes on from what went wrong once it has ended.
    pub retry: Option<bool>,
    /// Whether the run is undone once it has ended.
    pub compensate: Option<bool>,
    /// Mocks, over those of the file.
    #[serde(default)]
    #[schemars(schema_with = "form::mocks")]
    pub mocks: (),
    /// What must come of it.
    pub expect: Expect,
}

/// An event that a rule answered.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestEvent {
    /// Its trigger.
    #[schemars(schema_with = "form::reference")]
    pub trigger: String,
    /// What it carries.
    #[serde(default)]
    #[schemars(schema_with = "form::any")]
    pub payload: (),
    /// When it happened; when the run starts without it.
    pub time: Option<String>,
}

/// Somebody cancels the run.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestCancel {
    /// How long after its start, by the run's clock.
    #[schemars(schema_with = "form::duration")]
    pub after: (),
    /// Why.
    pub reason: Option<String>,
}

/// Somebody pauses the run and lets it go on.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestPause {
    /// How long after its start, by the run's clock.
    #[schemars(schema_with = "form::duration")]
    pub after: (),
    /// How long the pause lasts.
    #[serde(rename = "for")]
    #[schemars(schema_with = "form::duration")]
    pub lasts: (),
}

/// One answer of a mock. A list of them answers one call after another, the last one all that follow;
/// `auto` stands for a result made from the action's output schema.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// An expression over `input`, `item`, `index`, `attempt` and `activation`; the answer is for
    /// calls for which it holds.
    #[serde(default)]
    #[schemars(schema_with = "form::expression")]
    pub when: (),
    /// What the task gives back; may hold templates over the same names.
    #[serde(default)]
    #[schemars(schema_with = "form::any")]
    pub result: (),
    /// Whether the result is made from the action's output schema.
    pub auto: Option<bool>,
    /// What goes wrong: a code, a message, or the long form.
    #[serde(default)]
    #[schemars(schema_with = "form::text_or::<MockedError>")]
    pub error: (),
    /// How the attempt ends: `succeeded`, `failed`, `timed_out` or `lost`; as the other keys say
    /// without it.
    #[serde(default)]
    #[schemars(schema_with = "form::ending")]
    pub status: (),
    /// How long it takes by the run's clock. Longer than the task's `timeout`: it times out.
    #[serde(default)]
    #[schemars(schema_with = "form::duration")]
    pub takes: (),
    /// Exit code of the process; another than 0 fails.
    pub exit_code: Option<u32>,
    /// What the process wrote. Without `result` the result is read from it, by the action's
    /// `output_format`.
    pub stdout: Option<String>,
    /// What it wrote as its log.
    pub stderr: Option<String>,
    /// Money that it reports as spent.
    pub cost_usd: Option<f64>,
    /// Labels that it sets on the run.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub labels: (),
}

/// Answers by item of a task with `with_items`.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemMocks {
    /// Answers by the item's value, or by its index.
    #[serde(default)]
    #[schemars(schema_with = "form::item_mocks")]
    pub items: (),
    /// Answers for all other items.
    #[serde(default)]
    #[schemars(schema_with = "form::answers")]
    pub default: (),
}

/// An error that a mock gives.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MockedError {
    /// Its code; `failed` without it, or `exit_status` beside an exit code.
    pub code: Option<String>,
    /// What it says.
    pub message: Option<String>,
    /// Exit code of the process.
    pub exit_code: Option<u32>,
    /// Anything more.
    #[serde(default)]
    #[schemars(schema_with = "form::any")]
    pub details: (),
}

/// What must come of a test. What is not named is not looked at; without `status` the run must
/// succeed, unless an error or a refusal is expected; with `cancel` and no `retry` be cancelled, with
/// `compensate` be undone.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// How the run ends.
    #[serde(default)]
    #[schemars(schema_with = "form::end")]
    pub status: (),
    /// Its output or a part of it: maps may hold more, lists and plain values are exact.
    #[serde(default)]
    #[schemars(schema_with = "form::any")]
    pub output: (),
    /// How the latest activations of tasks ended; `absent` for one that was never reached.
    #[serde(default)]
    #[schemars(schema_with = "form::ends_by_task")]
    pub tasks: (),
    /// These tasks were reached in this order, others between them or not.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub order: (),
    /// Exactly these tasks were reached, in this order.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub path: (),
    /// Exactly these tasks were undone, in this order; `roll[1]` is the second item of `roll`.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub undone: (),
    /// Rendered inputs by task, or parts of them; a list by item for a task with items.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub inputs: (),
    /// Results by task, or parts of them.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub results: (),
    /// The run's error: a text in its code or message, or the long form.
    #[serde(default)]
    #[schemars(schema_with = "form::text_or::<ExpectedError>")]
    pub error: (),
    /// How often tasks were reached.
    #[serde(default)]
    #[schemars(schema_with = "form::counts")]
    pub activations: (),
    /// How many attempts the latest activations took.
    #[serde(default)]
    #[schemars(schema_with = "form::counts")]
    pub attempts: (),
    /// Tasks that were reached exactly once.
    #[serde(default)]
    #[schemars(schema_with = "form::texts")]
    pub started_once: (),
    /// Published values by name, or parts of them.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub vars: (),
    /// Labels of the run.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub labels: (),
    /// Money spent, child runs included.
    pub cost_usd: Option<f64>,
    /// `true` (or `422`, as the API answers): the parameters are refused and nothing starts.
    #[serde(default)]
    #[schemars(schema_with = "form::refused")]
    pub refused: (),
    /// Why the parameters are refused.
    pub errors: Option<Vec<Refusal>>,
}

/// The error that a run must end with.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedError {
    /// The task that it belongs to.
    pub task: Option<String>,
    /// Its code.
    pub code: Option<String>,
    /// A part of its code or message.
    pub says: Option<String>,
}

/// One reason why parameters are refused.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// JSON pointer to the parameter.
    pub pointer: String,
    /// A part of the code or the message.
    pub says: Option<String>,
}
