//! Reading executions for people: lists, details, history, logs. Never writes.

use crate::StoreError;
use async_trait::async_trait;
use attune_flow::run::{ExecutionRow, RunHeader};
use attune_types::{ExecutionId, ExecutionStatus, JsonValue, Ref, RunId, Timestamp};
use std::collections::BTreeMap;

/// Which part of a list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// How many at most (adapters cap it at 1,000; 0 means 50).
    pub limit: u32,
    /// Where to go on: the `next` of the page before. Opaque.
    pub cursor: Option<String>,
}

/// One part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next part begins, if there is one.
    pub next: Option<String>,
}

/// Which executions to list. Empty: the runs that have no parent, newest first.
#[derive(Clone, Debug, Default)]
pub struct ExecutionFilter {
    /// With one of these statuses.
    pub status: Vec<ExecutionStatus>,
    /// Of this action.
    pub action: Option<Ref>,
    /// Of this pack.
    pub pack: Option<String>,
    /// Started by this rule.
    pub rule: Option<Ref>,
    /// Started by this event.
    pub event: Option<attune_types::EventId>,
    /// Started by this login.
    pub started_by: Option<String>,
    /// Carrying these labels.
    pub labels: BTreeMap<String, String>,
    /// With this trace tag on themselves or on one of their tasks; runs of any level.
    pub trace_tag: Option<String>,
    /// Children of this run too (otherwise only runs without a parent).
    pub parent: Option<RunId>,
    /// Created at or after.
    pub since: Option<Timestamp>,
    /// Created before.
    pub until: Option<Timestamp>,
    /// Oldest first instead of newest first.
    pub ascending: bool,
}

/// A run with what belongs to it.
#[derive(Clone, Debug)]
pub struct RunDetail {
    /// Its row.
    pub row: ExecutionRow,
    /// What was fixed when it opened.
    pub header: RunHeader,
    /// Sequence number of its last event.
    pub last_seq: u64,
    /// When somebody will look at it by itself.
    pub wake_at: Option<Timestamp>,
}

/// One event of a run's history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEvent {
    /// Position in the run, from 1.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Stable name of the kind.
    pub kind: String,
    /// The content.
    pub data: JsonValue,
}

/// One stored line of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Position to read on from; grows with time within a run.
    pub position: u64,
    /// The execution that wrote it.
    pub execution: ExecutionId,
    /// Name of its task.
    pub task: Option<String>,
    /// The attempt's number.
    pub attempt: u32,
    /// `stdout`, `stderr` or `system`.
    pub stream: String,
    /// When it was read.
    pub at: Timestamp,
    /// The text.
    pub text: String,
}

/// Part of a run's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The lines, in order.
    pub lines: Vec<LogLine>,
    /// Position of the last one, to go on after.
    pub next: u64,
}

/// Reads the read model and the log.
#[async_trait]
pub trait ExecutionReader: Send + Sync {
    /// Runs by filter.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Invalid`] for a cursor that was not given out.
    async fn list(
        &self,
        filter: &ExecutionFilter,
        page: &PageRequest,
    ) -> Result<Page<ExecutionRow>, StoreError>;

    /// One run with its details.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError>;

    /// One execution of any kind.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn execution(&self, id: ExecutionId) -> Result<Option<ExecutionRow>, StoreError>;

    /// The tasks and items of a run in the order in which they came to be, and its child runs.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn tasks(&self, run: RunId, page: &PageRequest)
    -> Result<Page<ExecutionRow>, StoreError>;

    /// The events of a run after `after`, in order.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn history(
        &self,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<HistoryEvent>, StoreError>;

    /// Log lines of a run (of one execution in it, if given) after position `after`.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn logs(
        &self,
        run: RunId,
        execution: Option<ExecutionId>,
        after: u64,
        limit: u32,
    ) -> Result<LogPage, StoreError>;

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`] if it does not.
    async fn ping(&self) -> Result<(), StoreError>;
}
