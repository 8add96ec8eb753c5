//! Executions: starting, looking, steering.

use crate::Problem;
use attune_types::{
    ErrorInfo, ExecutionId, ExecutionStatus, JsonMap, JsonValue, ProgramHash, Ref, RunId, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Starts one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartExecution {
    /// The action; a workflow is one.
    #[schema(value_type = String, example = "hello.twice")]
    pub action: Ref,
    /// Its parameters.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: JsonMap,
    /// Labels to find the run by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// Starts one run of a definition that is registered nowhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartInline {
    /// The definition, as YAML text or as an object. Nothing but `tasks` is required in it.
    #[schema(value_type = Value)]
    pub definition: JsonValue,
    /// Its parameters.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: JsonMap,
    /// Labels to find the run by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// Starts one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum StartRun {
    /// Of an action; a workflow is one.
    Registered(StartExecution),
    /// Of a definition in the request.
    Inline(StartInline),
}

/// Does a run that has ended again, as a new run that points back to it. Without `from` all of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RerunExecution {
    /// The task from which on: what had ended before is taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "deploy")]
    pub from: Option<String>,
    /// Which activation of the task, from 1; the first, if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<u32>,
    /// A JSON merge patch (RFC 7396) over the input that this task renders: names to set, and null for
    /// those to leave out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub input: Option<JsonMap>,
}

/// The run that this one does again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RerunOf {
    /// That run.
    #[schema(value_type = String, format = "uuid")]
    pub run: RunId,
    /// The task from which on; none: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Which activation of the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<u32>,
}

/// Starts many runs, each accepted or refused on its own. A plain list of the same is accepted too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartMany {
    /// The runs to start.
    pub executions: Vec<StartExecution>,
}

/// What came of many starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BulkReport {
    /// How many runs there are now.
    pub accepted: usize,
    /// How many were refused.
    pub refused: usize,
    /// One answer each, in the order of the request.
    pub items: Vec<BulkItem>,
}

/// What came of one start of many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BulkItem {
    /// The status that it would have had alone: 201, 200 (it existed already), 422 ...
    pub status: u16,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub id: Option<RunId>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// An execution: a run, a task in it, or one item of an iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExecutionView {
    /// Its id; a run's own execution has the run's id.
    #[schema(value_type = String, format = "uuid")]
    pub id: ExecutionId,
    /// The run that it belongs to.
    #[schema(value_type = String, format = "uuid")]
    pub run: RunId,
    /// The execution above it.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub parent: Option<ExecutionId>,
    /// `workflow`, `action`, `task` or `item`.
    pub kind: String,
    /// Name of the task.
    pub task: Option<String>,
    /// What it runs.
    #[schema(value_type = Option<String>)]
    pub action: Option<Ref>,
    /// Number of this activation of the task, from 1.
    pub activation: u32,
    /// Index of the item, from 0.
    pub item_index: Option<u32>,
    /// Attempts begun so far.
    pub attempt: u32,
    /// Where it stands.
    #[schema(value_type = String, example = "running")]
    pub status: ExecutionStatus,
    /// Its input; of a run, the parameters. Secret values are masked.
    #[schema(value_type = Value)]
    pub input: JsonValue,
    /// What it gave back.
    #[schema(value_type = Value)]
    pub result: JsonValue,
    /// What went wrong.
    #[schema(value_type = Option<Object>)]
    pub error: Option<ErrorInfo>,
    /// When it came to be.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
    /// When its first attempt began.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub ended_at: Option<Timestamp>,
    /// Labels; of runs only.
    pub labels: BTreeMap<String, String>,
    /// Money spent; of runs only.
    pub cost_usd: f64,
    /// Text to find the run by: its own, or that of a task in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_tag: Option<String>,
    /// The task that this execution undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensates: Option<String>,
}

/// An execution with what was fixed when it opened, which only a run has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExecutionDetail {
    /// The execution.
    #[serde(flatten)]
    pub execution: ExecutionView,
    /// Version text of the workflow, or of the action's pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Hash of the Program that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub program: Option<ProgramHash>,
    /// What started it: a request, a rule with its event, or a parent run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub origin: Option<JsonValue>,
    /// Login of who started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
    /// The run that waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub parent_run: Option<RunId>,
    /// The run that it does again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<RerunOf>,
    /// Number of its last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<u64>,
    /// The text of its definition, where that came with the request that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Its place in a workflow with `concurrency`, while it has not ended: why it waits, and for whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceView>,
    /// When it will be looked at by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub wake_at: Option<Timestamp>,
}

/// A run's place among the runs of a workflow that bounds how many are active at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaceView {
    /// The rendered key; none if all runs of the workflow are one line.
    pub key: Option<String>,
    /// How many runs of that key may be active at once.
    pub limit: u32,
    /// Whether it waits for its place.
    pub waiting: bool,
    /// How many stand in line before it, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u32>,
    /// Who holds the places now, the oldest first; the first few of them.
    #[schema(value_type = Vec<String>)]
    pub holders: Vec<RunId>,
}

/// One event of a run's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistoryView {
    /// Position in the run, from 1.
    pub seq: u64,
    /// When it was decided.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Stable name of the kind.
    pub kind: String,
    /// The content.
    #[schema(value_type = Value)]
    pub data: JsonValue,
}

/// One line of output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLineView {
    /// Position to read on from.
    pub position: u64,
    /// The execution that wrote it.
    #[schema(value_type = String, format = "uuid")]
    pub execution: ExecutionId,
    /// Name of its task.
    pub task: Option<String>,
    /// The attempt's number.
    pub attempt: u32,
    /// `stdout`, `stderr` or `system`.
    pub stream: String,
    /// When it was read.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// The text.
    pub text: String,
}

/// The last message of a stream: the run has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamEnd {
    /// The run.
    #[schema(value_type = String, format = "uuid")]
    pub id: RunId,
    /// How it ended.
    #[schema(value_type = String, example = "succeeded")]
    pub status: ExecutionStatus,
}

/// Asks a run to stop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelExecution {
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A request that needs nothing but its address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A command is stored; the run will follow it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandAccepted {
    /// The run.
    #[schema(value_type = String, format = "uuid")]
    pub id: RunId,
    /// Where it stood when the command was stored.
    #[schema(value_type = String, example = "running")]
    pub status: ExecutionStatus,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_of_a_start_are_refused() {
        let wrong = serde_json::json!({"action": "core.noop", "params": {}});
        let error = serde_json::from_value::<StartExecution>(wrong).unwrap_err();
        assert!(error.to_string().contains("params"), "{error}");
    }
}
