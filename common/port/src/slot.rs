//! Places among the runs of a workflow that bounds how many of them may be active at once.
//!
//! Invariants that every adapter keeps: of one line no more runs hold a place than the limit that
//! each of them asked with; places are given in the order in which they were asked for; the place of
//! a run that ends is free, and given to the next in line, in the transaction that ends it; whoever is
//! given a place by another's end finds that in its inbox.

use crate::{NewInboxCommand, StoreError};
use async_trait::async_trait;
use attune_flow::program::OnLimit;
use attune_flow::run::Command;
use attune_types::{Ref, RunId};

/// One line: the runs of a workflow with the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotLine {
    /// The workflow.
    pub workflow: Ref,
    /// The rendered key; none if all runs of the workflow are one line.
    pub key: Option<String>,
}

/// A run's wish for a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRequest {
    /// The run.
    pub run: RunId,
    /// The line.
    pub line: SlotLine,
    /// How many runs of the line may be active at once, in the eyes of this one.
    pub limit: u32,
    /// What happens if all places are taken.
    pub on_limit: OnLimit,
}

impl SlotRequest {
    /// Tells an older run of the line that it has to make room for this one. Each run is told once.
    pub fn displacement(&self, older: RunId) -> NewInboxCommand {
        let runs = if self.limit == 1 { "run" } else { "runs" };
        let key = match &self.line.key {
            Some(key) => format!(" with key `{key}`"),
            None => String::new(),
        };
        let reason = format!(
            "run {} takes its place: `{}` allows {} {runs} at once{key} and cancels the oldest",
            self.run, self.line.workflow, self.limit
        );
        NewInboxCommand {
            id: older.derive("displaced"),
            run: older,
            command: Command::Cancel {
                by: "concurrency".to_owned(),
                reason: Some(reason),
            },
        }
    }
}

/// What came of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotAnswer {
    /// The place is its own until it ends.
    Granted,
    /// It stands in line.
    Queued {
        /// Who holds the places, the oldest first; the first few of them.
        holders: Vec<RunId>,
    },
    /// It gets none and stands in no line.
    Refused {
        /// Who holds the places, the oldest first; the first few of them.
        holders: Vec<RunId>,
    },
    /// The run has ended, or is not known.
    Over,
}

/// What came of many wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotAnswers {
    /// One each, in order.
    pub answers: Vec<SlotAnswer>,
    /// Other runs that found a command in their inbox by this: given a place, or to be cancelled.
    pub told: Vec<RunId>,
}

/// How a run's place stands, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRow {
    /// The line.
    pub line: SlotLine,
    /// The limit that it asked with.
    pub limit: u32,
    /// How many stand in line before it; none if the place is its own.
    pub before: Option<u32>,
    /// Who holds the places, the oldest first; the first few of them.
    pub holders: Vec<RunId>,
}

/// How many holders are named.
pub const HOLDERS_NAMED: u32 = 20;

/// The lines.
#[async_trait]
pub trait SlotStore: Send + Sync {
    /// Asks for places. A run that asked before is told how that stands now. With
    /// [`OnLimit::CancelOldest`] as many of the oldest runs of the line as have to make room get a
    /// cancel in their inbox, each once.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was asked.
    async fn acquire(&self, requests: Vec<SlotRequest>) -> Result<SlotAnswers, StoreError>;

    /// Frees places of runs that are over, should any have been left behind. Answers which runs were
    /// given a place by that.
    ///
    /// # Errors
    /// [`StoreError`] if they are still held.
    async fn free_left_behind(&self, limit: u32) -> Result<Vec<RunId>, StoreError>;

    /// How a run's place stands; none for a run that has asked for none or has ended.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn slot(&self, run: RunId) -> Result<Option<SlotRow>, StoreError>;
}
