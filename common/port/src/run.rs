//! The event log and what is written with it in one transaction.
//!
//! Invariants that every adapter keeps: events are unique on `(run, seq)` and gapless; an append
//! succeeds only under the shard epoch that the lease table holds now; all of one append becomes
//! visible together or not at all; a conflict in one run fails that run only.

use crate::{NewEvent, SlotLine, StoreError};
use async_trait::async_trait;
use attune_flow::run::{Command, ExecutionRow, Outcome, RunHeader};
use attune_types::{
    AttemptId, ErrorInfo, ExecutionStatus, ExecutorId, JsonValue, ProgramHash, RunId, Timestamp,
    code,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// One event as stored; `attune_wire` reads and writes `kind`, `version` and `data`.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Position in the run, from 1, without gaps.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Stable name of the kind.
    pub kind: String,
    /// Version of the kind's shape.
    pub version: u16,
    /// The content.
    pub data: JsonValue,
}

/// A run to be opened.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// What is fixed about it.
    pub header: RunHeader,
    /// Its first event (seq 1).
    pub event: StoredEvent,
    /// Its row of the read model.
    pub row: ExecutionRow,
    /// The idempotency key that names it, if the caller gave one.
    pub key: Option<RunKey>,
    /// What it takes over of another run that it does again in part: most take over nothing.
    pub carried: CarriedHistory,
}

/// What a new run takes over of another one.
#[derive(Clone, Debug, Default)]
pub struct CarriedHistory {
    /// The events that follow its first, from seq 2 without gaps.
    pub events: Vec<StoredEvent>,
    /// The rows of the executions in them, in the order in which they came to be.
    pub rows: Vec<ExecutionRow>,
}

/// An idempotency key's claim on a run id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunKey {
    /// The key as given.
    pub key: String,
    /// SHA-256 of the request's canonical body: another body under the same key is refused.
    pub body_hash: String,
}

/// What came of opening one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// It is new and durable.
    Created,
    /// The same run exists already: nothing was changed.
    Exists,
    /// The key was used for another request.
    KeyMismatch,
}

/// The new state of a run's own row.
#[derive(Clone, Debug, PartialEq)]
pub struct RunUpdate {
    /// Where it stands.
    pub status: ExecutionStatus,
    /// Whether it is not terminal.
    pub active: bool,
    /// When somebody has to look at it at the latest; none if nothing is due by itself.
    pub wake_at: Option<Timestamp>,
}

/// Everything that one step of one run writes.
#[derive(Clone, Debug)]
pub struct Append {
    /// The run.
    pub run: RunId,
    /// Its shard.
    pub shard: u16,
    /// The writer's lease epoch on that shard.
    pub epoch: u64,
    /// The writer.
    pub executor: ExecutorId,
    /// Sequence number of the last event the writer knows; the first new one has this plus one.
    pub after_seq: u64,
    /// New events, in order. May be empty when only the rest changes (inbox, wake time).
    pub events: Vec<StoredEvent>,
    /// The run's row.
    pub update: RunUpdate,
    /// Rows of the read model to insert or replace.
    pub rows: Vec<ExecutionRow>,
    /// Inbox rows that these events answer.
    pub inbox_done: Vec<Uuid>,
    /// Attempts whose claims end with these events.
    pub closed: Vec<AttemptId>,
    /// Commands to other runs (a child's end to its parent).
    pub inbox: Vec<NewInboxCommand>,
    /// Trigger events that follow from these events (`core.execution_finished`).
    pub emitted: Vec<NewEvent>,
    /// The line in which the run stood or held a place, if it ends with these events.
    pub slot: Option<SlotLine>,
}

/// Why one run's append did not happen.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another executor owns the shard, or the epoch has moved on.
    #[error("shard {shard} is no longer owned at epoch {epoch}")]
    Fenced {
        /// The shard.
        shard: u16,
        /// The epoch of the writer.
        epoch: u64,
    },
    /// The log does not end at `after_seq`.
    #[error("the log of run {run} has moved on past event {after_seq}")]
    Moved {
        /// The run.
        run: RunId,
        /// Where the writer believed it to end.
        after_seq: u64,
    },
    /// The store failed; the append may have happened although its reply was lost.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A run as it is loaded.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// The run.
    pub run: RunId,
    /// Its shard.
    pub shard: u16,
    /// Its Program.
    pub program: ProgramHash,
    /// The newest usable snapshot.
    pub snapshot: Option<Snapshot>,
    /// The events after the snapshot (all of them without one), in order.
    pub events: Vec<StoredEvent>,
    /// Commands waiting in the inbox, oldest first.
    pub inbox: Vec<InboxCommand>,
}

/// A folded state; a cache that may be deleted at any time.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Sequence number of the last event in it.
    pub seq: u64,
    /// Version of the state's shape; another one is ignored.
    pub version: u16,
    /// The state.
    pub data: JsonValue,
}

/// A command for a run, to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewInboxCommand {
    /// Id of the row; the same id again changes nothing.
    pub id: Uuid,
    /// The run that it is for.
    pub run: RunId,
    /// The command.
    pub command: Command,
}

impl NewInboxCommand {
    /// Tells the run above of the end of `run`, which `attempt` there waits for. The same end has the
    /// same id, so that it is told once.
    pub fn end(run: RunId, parent: RunId, attempt: AttemptId, outcome: Outcome) -> Self {
        Self {
            id: run.derive(&match attempt.uuid() == run.uuid() {
                true => "to parent".to_owned(),
                false => format!("to parent for {attempt}"),
            }),
            run: parent,
            command: Command::AttemptFinished { attempt, outcome },
        }
    }

    /// Tells the run that waits for `run` that it was put aside. The adapter knows which run that is
    /// and replaces `run` by it; also which attempts of it may wait: all of them are told.
    pub fn end_of_unreadable(run: RunId, attempt: AttemptId, reason: &str) -> Self {
        let message = format!("the child run {run} was put aside: {reason}").replace('\0', " ");
        let outcome = Outcome::Failed {
            error: ErrorInfo::new(code::INTERNAL, message),
            result: JsonValue::Null,
            process: None,
        };
        Self::end(run, run, attempt, outcome)
    }
}

/// A stored command.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxCommand {
    /// Id of the row.
    pub id: Uuid,
    /// The command.
    pub command: Command,
}

/// The event log of runs.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Opens runs, each in full or not at all, all in one transaction. Answers in order.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was opened.
    async fn open(&self, runs: Vec<NewRun>) -> Result<Vec<OpenOutcome>, StoreError>;

    /// Commits many runs' steps in one transaction, set-wise. Answers in order; the failure of one
    /// run does not touch the others. At most one append per run may be in a batch. Answers with the
    /// runs that got a place (and a command in their inbox that says so) because this one ended.
    async fn append(&self, batch: Vec<Append>) -> Vec<Result<Vec<RunId>, AppendError>>;

    /// Loads runs with their inbox; unknown ones are left out.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn load(&self, runs: &[RunId]) -> Result<Vec<StoredRun>, StoreError>;

    /// The stored events of a run after `after`, in order; none if there is no such run.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn events(
        &self,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Ids of active runs of these shards, in order of id, after `after`.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn active(
        &self,
        shards: &[u16],
        after: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunId>, StoreError>;

    /// Runs of these shards that somebody has to look at by the database's clock: their `wake_at` has
    /// passed, or they have waited in the inbox or as freshly opened for more than `grace`. With each,
    /// how late it is.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn due(
        &self,
        shards: &[u16],
        grace: std::time::Duration,
        limit: u32,
    ) -> Result<Vec<(RunId, std::time::Duration)>, StoreError>;

    /// The earliest `wake_at` of these shards that lies in the future, as a wait from now by the
    /// database's clock.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn next_wake(&self, shards: &[u16]) -> Result<Option<std::time::Duration>, StoreError>;

    /// Stores commands for runs. Commands for unknown runs are dropped. A run that has ended takes only
    /// what [`Command::is_for_ended`] says, and, while it is asked to go on, whatever comes after that;
    /// one that was put aside takes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was stored.
    async fn send(&self, commands: Vec<NewInboxCommand>) -> Result<(), StoreError>;

    /// Where runs stand; unknown ones are left out.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn standing(
        &self,
        runs: &[RunId],
    ) -> Result<BTreeMap<RunId, ExecutionStatus>, StoreError>;

    /// Commands waiting for a run, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn inbox(&self, run: RunId) -> Result<Vec<InboxCommand>, StoreError>;

    /// Keeps a snapshot, replacing older ones of the run.
    ///
    /// # Errors
    /// [`StoreError`] if it was not kept.
    async fn snapshot(&self, run: RunId, snapshot: Snapshot) -> Result<(), StoreError>;

    /// Forgets the snapshots of runs: those of a shape that this program does not read. The next
    /// load gives all events.
    ///
    /// # Errors
    /// [`StoreError`] if they are still there.
    async fn drop_snapshots(&self, runs: &[RunId]) -> Result<(), StoreError>;

    /// Marks a run that cannot be loaded or folded as abandoned, with the reason on its row, so that
    /// the sweep leaves it alone; a run that waits for it is told that it failed.
    ///
    /// # Errors
    /// [`StoreError`] if it was not marked.
    async fn quarantine(&self, run: RunId, reason: &str) -> Result<(), StoreError>;

    /// Number of shards of this installation, fixed when it was made.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn shards(&self) -> Result<u16, StoreError>;
}
