//! Rules and triggers.

use attune_types::{JsonMap, JsonValue, Ref, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A rule as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleView {
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
    /// Whether it is on.
    pub enabled: bool,
    /// False: gone from its pack; it does nothing.
    pub present: bool,
    /// The kind of event that it listens to.
    #[schema(value_type = String)]
    pub trigger: Ref,
    /// What it starts.
    #[schema(value_type = String)]
    pub action: Ref,
    /// When it was last changed.
    #[schema(value_type = String, format = "date-time")]
    pub changed_at: Timestamp,
    /// All of it, as its file says.
    #[schema(value_type = Object)]
    pub definition: JsonValue,
}

/// Holds a rule against an event that did not happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleTest {
    /// The event's payload.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub payload: JsonMap,
    /// The trigger parameters that a timer's event would carry; the rule's own if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub trigger_parameters: Option<JsonMap>,
}

/// What a rule would have made of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleVerdict {
    /// The rule.
    #[schema(value_type = String)]
    pub rule: Ref,
    /// Whether it would have fired.
    pub fired: bool,
    /// Stable text: `fired`, `criteria_not_met` ...
    pub reason: String,
    /// Why, condition by condition.
    #[schema(value_type = Object)]
    pub explanation: JsonValue,
    /// What it would have started.
    #[schema(value_type = String)]
    pub action: Ref,
    /// With which parameters.
    #[schema(value_type = Option<Object>)]
    pub input: Option<JsonMap>,
    /// The text that would suppress repetitions.
    pub dedupe: Option<String>,
}

/// A kind of event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TriggerView {
    /// `pack.name`.
    #[serde(rename = "ref")]
    #[schema(value_type = String)]
    pub reference: Ref,
    /// For people.
    pub label: String,
    /// For people, longer.
    pub description: Option<String>,
    /// JSON Schema of what a rule may set in `trigger_parameters`.
    #[schema(value_type = Object)]
    pub parameters: JsonValue,
    /// JSON Schema of what an event carries.
    #[schema(value_type = Object)]
    pub payload: JsonValue,
}
