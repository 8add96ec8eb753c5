//! Workflows: definitions, versions, and what a check finds.

use crate::FieldProblem;
use attune_types::{JsonMap, JsonValue, ProgramHash, Ref, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A workflow as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowView {
    /// `pack.name`.
    #[serde(rename = "ref")]
    #[schema(value_type = String)]
    pub reference: Ref,
    /// Its pack.
    pub pack: String,
    /// For people.
    pub label: String,
    /// For people, longer.
    pub description: Option<String>,
    /// To be found by.
    pub tags: Vec<String>,
    /// Version text for people.
    pub version: String,
    /// Number of the current version, from 1.
    pub number: u32,
    /// Hash of the Program that a run started now follows.
    #[schema(value_type = String)]
    pub hash: ProgramHash,
    /// Whether it can be started.
    pub enabled: bool,
    /// Why it cannot: `disabled` by somebody, or `gone` from its pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_because: Option<String>,
    /// Who decides which version is current: `pack` (its registration) or `api` (people).
    pub origin: String,
    /// Hash of what the pack holds under this name, where that is not what is current: after a roll
    /// back or a change over the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub pack_holds: Option<ProgramHash>,
    /// When another version became current, or it was disabled or enabled.
    #[schema(value_type = String, format = "date-time")]
    pub changed_at: Timestamp,
    /// Login of who did that.
    pub changed_by: String,
}

/// A workflow with its definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowDetail {
    /// The workflow.
    #[serde(flatten)]
    pub workflow: WorkflowView,
    /// JSON Schema of its parameters, ready for a form.
    #[schema(value_type = Object)]
    pub parameters: JsonValue,
    /// JSON Schema of its result, where one is promised.
    #[schema(value_type = Option<Object>)]
    pub output: Option<JsonValue>,
    /// The text that it was compiled from; the graph alone where metadata and graph are apart.
    pub definition: Option<String>,
    /// What it does, in short.
    pub tasks: Vec<WorkflowTask>,
    /// Give it as `If-Match` to change the workflow only if it still stands like this. The same as
    /// the header.
    pub etag: String,
}

/// One task of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowTask {
    /// Its name.
    pub name: String,
    /// The action that it runs; none for a parallel task.
    #[schema(value_type = Option<String>)]
    pub action: Option<Ref>,
    /// The parallel task that it is a child of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<String>,
}

/// What came of a definition that was given, or of a change to a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowReport {
    /// How it stands now.
    #[serde(flatten)]
    pub workflow: WorkflowView,
    /// `new`, `new_version`, `activated` (a version that it had before), `text` (the same version in
    /// another form), `enabled` or `unchanged`.
    pub change: String,
    /// What is accepted but probably not meant.
    pub warnings: Vec<FieldProblem>,
    /// What else is good to know about it.
    pub notes: Vec<String>,
    /// The same as the header.
    pub etag: String,
}

/// A definition within JSON: as YAML text or as an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenDefinition {
    /// The definition.
    #[schema(value_type = Value)]
    pub definition: JsonValue,
}

/// What the checks find in a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowCheck {
    /// Whether it would be accepted.
    pub valid: bool,
    /// All that is wrong.
    pub errors: Vec<FieldProblem>,
    /// What is accepted but probably not meant.
    pub warnings: Vec<FieldProblem>,
    /// Hash of its Program, where it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub hash: Option<ProgramHash>,
}

/// Starts a workflow whose name is the address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecuteWorkflow {
    /// Its parameters.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: JsonMap,
    /// Labels to find the run by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// A version of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowVersionView {
    /// From 1, by the order of first registration.
    pub number: u32,
    /// Its identity: the hash of its Program.
    #[schema(value_type = String)]
    pub hash: ProgramHash,
    /// Version text for people.
    pub version: String,
    /// Where it first came from: `pack` or `api`.
    pub origin: String,
    /// When it was first registered.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
    /// Login of who did that.
    pub created_by: String,
    /// Whether a run started now would follow it.
    pub current: bool,
}

/// A version with what it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowVersionDetail {
    /// The version.
    #[serde(flatten)]
    pub version: WorkflowVersionView,
    /// For people.
    pub label: String,
    /// For people, longer.
    pub description: Option<String>,
    /// To be found by.
    pub tags: Vec<String>,
    /// JSON Schema of its parameters.
    #[schema(value_type = Object)]
    pub parameters: JsonValue,
    /// JSON Schema of its result, where one is promised.
    #[schema(value_type = Option<Object>)]
    pub output: Option<JsonValue>,
    /// The text that it was compiled from, as last given.
    pub definition: Option<String>,
    /// What it does, in short.
    pub tasks: Vec<WorkflowTask>,
}

/// One entry of the record of what was current when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowReleaseView {
    /// From 1, without gaps.
    pub entry: u32,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Login of who did it.
    pub by: String,
    /// `registered`, `activated`, `disabled`, or `beside` (registered with its pack while people's
    /// version stayed current).
    pub what: String,
    /// The version that it was done with.
    pub number: u32,
}
