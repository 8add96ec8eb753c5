//! What a run knows of being retried: who asked, and what is to be done again. Data and questions;
//! changed by `evolve` alone.

use super::RunState;
use super::execution::{Execution, Parts};
use crate::run::Outcome;
use attune_types::{AttemptId, ExecutionStatus, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Retrying a run, from the first time that somebody asked for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::run) struct Retried {
    /// Login of who asked last.
    pub(in crate::run) by: String,
    /// When it last began.
    pub(in crate::run) at: Timestamp,
    /// How often.
    pub(in crate::run) round: u32,
    /// All requests so far.
    pub(in crate::run) requests: Vec<Uuid>,
    /// The attempt of the run above that waits for the end.
    pub(in crate::run) asker: Option<AttemptId>,
    /// How much of what the run has cost the run above was told at an end before.
    pub(in crate::run) cost_usd: f64,
}

/// A transition that was taken while nothing new started: where it leads is still to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Which of the task's transitions.
    pub transition: u32,
    /// Whether it leads back to the task itself, by `retry`.
    pub retry: bool,
}

impl RunState {
    /// How often it was retried.
    pub fn retry_rounds(&self) -> u32 {
        self.about.retried.as_ref().map_or(0, |it| it.round)
    }

    /// Login of who last had it retried; empty if nobody had.
    pub(in crate::run) fn retried_by(&self) -> &str {
        self.about.retried.as_ref().map_or("", |it| &it.by)
    }

    /// When it began, or was last retried: its time limit counts from then.
    pub(in crate::run) fn round_at(&self) -> Option<Timestamp> {
        let retried = self.about.retried.as_ref().map(|it| it.at);
        match (retried, self.about.begun_at) {
            (Some(retried), Some(begun)) => Some(retried.max(begun)),
            (_, begun) => begun,
        }
    }

    /// Whether that request to retry was taken in.
    pub(in crate::run) fn knows_retry(&self, request: Uuid) -> bool {
        self.about
            .retried
            .as_ref()
            .is_some_and(|it| it.requests.contains(&request))
    }

    /// The attempt of the run above that opened it.
    pub(in crate::run) fn opened_for(&self) -> Option<AttemptId> {
        let parent = self.header().parent.as_ref()?;
        Some(parent.execution.attempt(parent.attempt))
    }

    /// Whom its end is told to in the run above, and what; none where nobody waits, or before the end.
    pub fn answer(&self) -> Option<(AttemptId, Outcome)> {
        self.header().parent.as_ref()?;
        let attempt = match &self.about.retried {
            Some(retried) => retried.asker?,
            None => self.opened_for()?,
        };
        Some((attempt, self.outcome()?))
    }

    /// Money spent that whoever waits for the run has not been told of yet.
    pub fn untold_cost_usd(&self) -> f64 {
        let told = self.about.retried.as_ref().map_or(0.0, |it| it.cost_usd);
        self.about.cost_usd - told
    }

    /// Whether an execution that has ended did not go well, so that retrying the run does it again: it
    /// was stopped or never begun, failed with nothing having followed from it, or failed the run. A
    /// parallel task also if one of its branches was to be done once more.
    pub(in crate::run) fn is_to_redo(&self, execution: &Execution) -> bool {
        if !execution.is_ended() || execution.undoes.is_some() {
            return false;
        }
        let bad = match execution.status() {
            ExecutionStatus::Cancelled => true,
            ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Abandoned => {
                !execution.handled || !execution.held.is_empty()
            }
            _ => false,
        };
        bad || execution.fails || self.is_cut_short(execution)
    }

    /// Whether it, a branch, or something in it was to be done once more when nothing new started.
    fn is_cut_short(&self, execution: &Execution) -> bool {
        if !self.about.cut_short {
            return false;
        }
        let own = execution.parent.is_some() && execution.held.iter().any(|held| held.retry);
        own || self.parts_of(execution).any(|part| self.is_cut_short(part))
    }

    /// The items or branches that it has begun.
    pub(in crate::run) fn parts_of<'a>(
        &'a self,
        execution: &'a Execution,
    ) -> Box<dyn Iterator<Item = &'a Execution> + 'a> {
        match &execution.parts {
            Parts::None => Box::new(std::iter::empty()),
            Parts::Items { begun, .. } => {
                Box::new((0..*begun).filter_map(|n| self.execution(Self::item_id(execution.id, n))))
            }
            Parts::Branches { begun, .. } => {
                Box::new(begun.all().into_iter().filter_map(|id| self.execution(id)))
            }
        }
    }
}
