//! What happened outside: the event that rules are matched against.

use attune_types::{EventId, JsonMap, JsonValue, Ref, Timestamp};
use serde::{Deserialize, Serialize};

/// One event of a trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriggerEvent {
    /// Its identifier; the same event delivered twice has the same.
    pub id: EventId,
    /// The kind of event.
    pub trigger: Ref,
    /// What it carries: `event.payload`.
    #[serde(default)]
    pub payload: JsonValue,
    /// When it happened: `event.time`.
    pub at: Timestamp,
    /// Who saw it: a sensor, a webhook, a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// A text that the source gives to events that are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<String>,
    /// The settings of the trigger that it was made for: only rules with the same ones are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_parameters: Option<JsonMap>,
}
