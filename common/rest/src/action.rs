//! Actions: what can be run.

use attune_types::{JsonValue, ProgramHash, Ref};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An action; a workflow is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActionView {
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
    /// What executes it: `workflow`, `shell`, `python` ...
    pub runner: String,
    /// Version text.
    pub version: String,
    /// Hash of the Program that a run of it follows.
    #[schema(value_type = String)]
    pub program: ProgramHash,
    /// False: gone from its pack; kept for history.
    pub enabled: bool,
    /// JSON Schema of its parameters, ready for a form.
    #[schema(value_type = Object)]
    pub parameters: JsonValue,
    /// JSON Schema of its result, where one is promised.
    #[schema(value_type = Option<Object>)]
    pub output: Option<JsonValue>,
    /// Longest time of one attempt, in seconds.
    pub timeout_seconds: Option<f64>,
    /// Whether a lost attempt may be run again without asking.
    pub idempotent: bool,
    /// The worker pool that it needs.
    pub pool: Option<String>,
}
