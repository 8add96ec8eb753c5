//! A run's state: all that is known of it, folded from its events.
//!
//! Owns the data and the questions that may be asked of it; only `evolve` changes it. Copying it is
//! cheap, whatever its size: everything large is shared. A snapshot of it is a cache of the fold.

pub(super) mod branches;
pub(super) mod cache;
pub(super) mod execution;
mod query;
pub(super) mod redo;
pub(super) mod slot;
mod snapshot;
pub(super) mod task;
pub(super) mod trie;
pub(super) mod undo;
pub(super) mod vars;

use super::{RunHeader, Secrets};
use crate::bits::TaskSet;
use crate::program::TaskIx;
use attune_template::KeySeen;
use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, JsonValue, Timestamp};
use execution::Execution;
use redo::Retried;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use task::TaskState;
use trie::Trie;
use undo::Undo;
use vars::Vars;

/// All that is known of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunState {
    pub(super) about: About,
    pub(super) tasks: Trie<TaskState>,
    pub(super) executions: Trie<Execution>,
    /// Execution by attempt, for every attempt that ever began.
    pub(super) attempts: Trie<ExecutionId>,
}

/// What concerns the run as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) header: Arc<RunHeader>,
    pub(super) opened_at: Timestamp,
    pub(super) begun_at: Option<Timestamp>,
    pub(super) paused: bool,
    /// Who paused it; also none where a snapshot of before does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) paused_by: Option<Arc<str>>,
    pub(super) failing: Option<Failing>,
    pub(super) canceling: Option<Arc<Canceling>>,
    pub(super) planned: Arc<Vec<PlannedFailure>>,
    pub(super) end: Option<End>,
    pub(super) undo: Option<Arc<Undo>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retried: Option<Arc<Retried>>,
    /// Whether something was ever to be done once more by `retry` when nothing new started.
    #[serde(default)]
    pub(super) cut_short: bool,
    pub(super) vars: Vars,
    pub(super) labels: Arc<BTreeMap<String, String>>,
    pub(super) trace_tag: Option<Arc<str>>,
    /// What the tokens in values stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secrets: Option<Arc<Secrets>>,
    /// What was last seen of each key that was read.
    #[serde(default, skip_serializing_if = "no_keys")]
    pub(super) keys: Arc<BTreeMap<String, KeySeen>>,
    pub(super) deadline: Option<Timestamp>,
    /// The place among the runs of its workflow that it asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) slot: Option<Arc<slot::Slot>>,
    pub(super) cost_usd: f64,
    /// Task activations so far.
    pub(super) activations: u32,
    /// Executions so far.
    pub(super) created: u32,
    /// Executions that have ended.
    pub(super) completed: u32,
    /// How many of those the run took over from the one that it does again: the first ones.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) carried: u32,
    /// The task activation that ended last, of those that stand on their own.
    pub(super) last: Option<ExecutionId>,
    /// Tasks with an activation that has not ended.
    pub(super) live: TaskSet,
    /// Joins at which an edge has arrived for a generation that has not started.
    pub(super) gathering: Arc<BTreeSet<TaskIx>>,
    /// Joins that started without an edge that may still arrive.
    pub(super) behind: Arc<BTreeSet<TaskIx>>,
}

/// Why the run will not succeed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Failing {
    pub(super) status: ExecutionStatus,
    pub(super) error: Arc<ErrorInfo>,
}

/// Who asked for the run to stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Canceling {
    pub(super) by: String,
    pub(super) reason: Option<String>,
}

/// A failure that waits for tasks to end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PlannedFailure {
    pub(super) error: Arc<ErrorInfo>,
    pub(super) after: Vec<ExecutionId>,
}

/// How the run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) at: Timestamp,
    pub(super) status: ExecutionStatus,
    pub(super) output: Arc<JsonValue>,
    pub(super) error: Option<Arc<ErrorInfo>>,
}

impl RunState {
    /// The state of a run of which nothing is known but its opening.
    pub fn opened(header: RunHeader, at: Timestamp) -> Self {
        let labels = Arc::new(header.labels.clone());
        let secrets = Secrets::at_opening(&header).map(Arc::new);
        Self {
            about: About {
                header: Arc::new(header),
                opened_at: at,
                begun_at: None,
                paused: false,
                paused_by: None,
                failing: None,
                canceling: None,
                planned: Arc::default(),
                end: None,
                undo: None,
                retried: None,
                cut_short: false,
                vars: Vars::default(),
                labels,
                trace_tag: None,
                secrets,
                keys: Arc::default(),
                deadline: None,
                slot: None,
                cost_usd: 0.0,
                activations: 0,
                created: 0,
                completed: 0,
                carried: 0,
                last: None,
                live: TaskSet::default(),
                gathering: Arc::default(),
                behind: Arc::default(),
            },
            tasks: Trie::default(),
            executions: Trie::default(),
            attempts: Trie::default(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

fn no_keys(keys: &Arc<BTreeMap<String, KeySeen>>) -> bool {
    keys.is_empty()
}

impl About {
    /// Takes an activation that ended off the planned failures that wait for it.
    pub(super) fn planned_ended(&mut self, execution: ExecutionId) {
        if self
            .planned
            .iter()
            .any(|planned| planned.after.contains(&execution))
        {
            for planned in Arc::make_mut(&mut self.planned) {
                planned.after.retain(|waiting| *waiting != execution);
            }
        }
    }
}
