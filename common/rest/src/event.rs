//! Trigger events and what rules made of them.

use attune_types::{EnforcementId, EventId, JsonMap, JsonValue, Ref, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Emits an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmitEvent {
    /// What kind of event it is.
    #[schema(value_type = String)]
    pub trigger: Ref,
    /// What it says.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub payload: JsonMap,
    /// A second event of the same trigger with the same text is a repetition and does nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<String>,
}

/// An event is stored; rules will see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventAccepted {
    /// The event; of a repetition, the first one's.
    #[schema(value_type = String, format = "uuid")]
    pub id: EventId,
    /// Whether it was a repetition.
    pub duplicate: bool,
}

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: EventId,
    /// What kind of event it is.
    #[schema(value_type = String)]
    pub trigger: Ref,
    /// What it says.
    #[schema(value_type = Value)]
    pub payload: JsonValue,
    /// When it happened.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Who noticed it.
    pub source: Option<String>,
    /// The text by which repetitions are known.
    pub dedupe: Option<String>,
    /// When it was stored.
    #[schema(value_type = String, format = "date-time")]
    pub received_at: Timestamp,
    /// When rules had seen it.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub processed_at: Option<Timestamp>,
}

/// An event with the verdict of every rule of its trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventWhy {
    /// The event.
    pub event: EventView,
    /// What each rule made of it; empty until rules have seen it.
    pub enforcements: Vec<EnforcementView>,
}

/// A line of the delivery log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnforcementView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: EnforcementId,
    /// The event.
    #[schema(value_type = String, format = "uuid")]
    pub event_id: EventId,
    /// The event's trigger.
    #[schema(value_type = String)]
    pub trigger: Ref,
    /// The rule.
    #[schema(value_type = String)]
    pub rule: Ref,
    /// Whether it fired.
    pub fired: bool,
    /// Stable text: `fired`, `criteria_not_met`, `deduplicated` ...
    pub reason: String,
    /// Why, condition by condition.
    #[schema(value_type = Object)]
    pub explanation: JsonValue,
    /// The run that it started.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub execution_id: Option<RunId>,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
}
