//! What is fixed about a run when it opens.
//!
//! Owns [`RunHeader`], the content of a run's first event. Written by whoever opens a run (REST, a
//! rule, a parent run) and never changed afterwards; everything a template may ask about the run's
//! surroundings is recorded here, so that history needs nothing but itself.

use super::{Rerun, Secrets};
use crate::program::{ProgramKind, RunLimits};
use attune_types::{EventId, ExecutionId, JsonMap, JsonValue, ProgramHash, Ref, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The content of a run's first event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// The run.
    pub run: RunId,
    /// The Program that it follows for ever.
    pub program: ProgramHash,
    /// Whether that Program is a workflow or one action.
    pub kind: ProgramKind,
    /// The action (a workflow is one) that was asked for.
    pub action: Ref,
    /// Version text of the workflow, or of the action's pack.
    pub version: String,
    /// Validated parameters, defaults filled in.
    pub parameters: JsonMap,
    /// The pack's configuration at that moment.
    #[serde(default)]
    pub pack_config: JsonMap,
    /// Content hash of each pack whose files this run may execute.
    #[serde(default)]
    pub packs: BTreeMap<String, String>,
    /// The run that this one is a step of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// How many runs stand above it; 0 for a run of its own.
    #[serde(default)]
    pub depth: u32,
    /// What started it.
    pub origin: Origin,
    /// Login of who started it, or of the rule's owner.
    pub started_by: String,
    /// JSON pointers into the parameters to what is secret: never shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
    /// Its own secret values, sealed: tokens stand for them in the parameters, the configuration and
    /// the event. Those that came from the run above are in [`Parent::secrets`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Secrets>,
    /// Labels given by the caller; the workflow's own are added when it begins.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// W3C `traceparent` to continue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Address of the API as actions see it.
    #[serde(default)]
    pub api_url: String,
    /// Its bounds, where the installation has set other ones than its Program has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<RunLimits>,
    /// The run that it does again, or a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun: Option<Box<Rerun>>,
}

/// The task of another run that waits for this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The run that waits.
    pub run: RunId,
    /// The execution in it that this run is the work of.
    pub execution: ExecutionId,
    /// The attempt (from 1) of that execution.
    pub attempt: u32,
    /// The topmost run of the tree.
    pub root: RunId,
    /// The secrets whose tokens stand in the parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Secrets>,
}

/// What started a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// A request over the API.
    Request,
    /// A rule that matched an event; templates see it as `event`.
    Rule {
        /// The rule.
        rule: Ref,
        /// The event's id.
        event: EventId,
        /// The event's trigger.
        trigger: Ref,
        /// The event's payload.
        payload: JsonValue,
        /// When the event happened.
        time: Timestamp,
    },
    /// A task of the parent run.
    Parent,
}
