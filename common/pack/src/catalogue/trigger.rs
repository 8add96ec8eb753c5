//! Triggers (kinds of events) and sensors (what emits them).
//!
//! Owns [`TriggerDef`] and [`SensorDef`]. Never emits: the sensor service does.

use super::action::Runner;
use super::seconds;
use crate::schema::Schema;
use attune_types::{Duration, JsonMap, Ref};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// A kind of event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriggerDef {
    /// `pack.name`.
    #[serde(rename = "ref")]
    pub reference: Ref,
    /// For people.
    pub label: String,
    /// For people, longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What a rule may set in `trigger_parameters`.
    #[serde(default)]
    pub parameters: Schema,
    /// What an event of it carries.
    #[serde(default = "Schema::any")]
    pub payload: Schema,
}

/// A long-running process, or a built-in source, that emits events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorDef {
    /// `pack.name`.
    #[serde(rename = "ref")]
    pub reference: Ref,
    /// For people.
    pub label: String,
    /// For people, longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What executes it.
    pub runner: Runner,
    /// The file to run, relative to the pack's folder.
    pub entry_point: String,
    /// The triggers that it may emit.
    pub triggers: Vec<Ref>,
    /// Values handed to the process.
    #[serde(default)]
    pub config: JsonMap,
    /// Environment variables of the process.
    #[serde(default)]
    pub env: IndexMap<String, String>,
    /// For sensors that look and end: how long to wait before the next look. `None`: the process
    /// stays up, and its end is a failure.
    #[serde(
        with = "seconds::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub poll_interval: Option<Duration>,
    /// Whether it runs.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}
