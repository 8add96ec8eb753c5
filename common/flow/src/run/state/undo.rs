//! What a run knows of being undone. Data and questions; changed by `evolve` alone.

use super::{Canceling, End, RunState};
use crate::run::Outcome;
use crate::run::event::Undone;
use attune_types::{AttemptId, ErrorInfo, ExecutionId, ExecutionStatus, JsonValue, code};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// Undoing a run, from the first time that somebody asked for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::run) struct Undo {
    /// Login of who asked last.
    pub(in crate::run) by: String,
    /// Whether it is under way.
    pub(in crate::run) active: bool,
    /// How often it began.
    pub(in crate::run) round: u32,
    /// All requests so far.
    pub(in crate::run) requests: Vec<Uuid>,
    /// Attempts of the run above that wait for this round.
    pub(in crate::run) askers: Vec<AttemptId>,
    /// What this round is to undo, in that order.
    pub(in crate::run) plan: Arc<Vec<Undone>>,
    /// How much of it has begun.
    pub(in crate::run) begun: u32,
    /// Who asked for it to stop.
    pub(in crate::run) stopping: Option<Canceling>,
    /// How the run itself ended.
    pub(in crate::run) first: End,
}

impl RunState {
    /// Whether what it did is being undone.
    pub fn is_undoing(&self) -> bool {
        self.undo().is_some()
    }

    /// The undoing under way.
    pub(in crate::run) fn undo(&self) -> Option<&Undo> {
        self.about.undo.as_deref().filter(|undo| undo.active)
    }

    /// Whether somebody asked for the undoing under way to stop.
    pub(in crate::run) fn is_undo_stopping(&self) -> bool {
        self.undo().is_some_and(|undo| undo.stopping.is_some())
    }

    /// Whether that request was taken in.
    pub(in crate::run) fn knows_request(&self, request: Uuid) -> bool {
        self.about
            .undo
            .as_ref()
            .is_some_and(|undo| undo.requests.contains(&request))
    }

    /// Id of the execution that undoes something in that round.
    pub(in crate::run) fn undo_id(undone: Undone, round: u32) -> ExecutionId {
        let attempt = undone.attempt.unwrap_or(0);
        ExecutionId(undone.execution.derive(&format!("undo:{round}:{attempt}")))
    }

    /// How often its undoing began.
    pub fn undo_rounds(&self) -> u32 {
        self.about.undo.as_ref().map_or(0, |undo| undo.round)
    }

    /// The attempts of the run above that wait for its undoing, and what they are told: empty while
    /// it is under way.
    pub fn undo_answers(&self) -> Vec<(AttemptId, Outcome)> {
        let Some(undo) = self.about.undo.as_ref().filter(|undo| !undo.active) else {
            return Vec::new();
        };
        let outcome = || match self.about.end.as_ref() {
            Some(end) if end.status == ExecutionStatus::Compensated => Outcome::Succeeded {
                result: JsonValue::Null,
                process: None,
            },
            end => Outcome::Failed {
                error: match end.and_then(|end| end.error.as_deref()) {
                    Some(error) => error.clone(),
                    None => ErrorInfo::new(code::COMPENSATION_FAILED, "it was not undone"),
                },
                result: JsonValue::Null,
                process: None,
            },
        };
        undo.askers
            .iter()
            .map(|attempt| (*attempt, outcome()))
            .collect()
    }
}
