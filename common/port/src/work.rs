//! Workers, their claims on attempts, and the logs of what they run.

use crate::StoreError;
use async_trait::async_trait;
use attune_types::{AttemptId, ExecutionId, Labels, RunId, Timestamp, WorkerId};
use std::time::Duration;

/// A worker's wish to run an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its run.
    pub run: RunId,
}

/// What a worker says of itself with each heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Its id, new at each start of the process.
    pub id: WorkerId,
    /// Its name, for people.
    pub name: String,
    /// The pools that it serves.
    pub pools: Vec<String>,
    /// How many attempts it runs at once.
    pub slots: u32,
    /// What it has, for tasks that ask for it.
    pub labels: Labels,
}

/// How long a queue for attempts that ask for labels is known after it was last asked for: far longer
/// than an attempt that waits goes without being sent again.
pub const QUEUE_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A queue for attempts that ask for labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkQueue {
    /// Its name.
    pub name: String,
    /// The pool that it belongs to.
    pub pool: String,
    /// The labels that a worker must have to take from it.
    pub selector: Labels,
}

/// A worker as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerRow {
    /// What it said.
    pub info: WorkerInfo,
    /// When it was last heard of.
    pub seen_at: Timestamp,
    /// Attempts that it holds.
    pub running: u32,
}

/// A claim that no live worker stands behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostClaim {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its run.
    pub run: RunId,
    /// Name of the worker that had it.
    pub worker: String,
    /// How long it has not been heard of.
    pub silent_for: Duration,
}

/// One line of output, to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLogLine {
    /// The run.
    pub run: RunId,
    /// The execution that wrote it.
    pub execution: ExecutionId,
    /// The attempt's number.
    pub attempt: u32,
    /// Order within the attempt, from 0; the same number again is the same line.
    pub number: u64,
    /// `stdout`, `stderr` or `system`.
    pub stream: String,
    /// When it was read.
    pub at: Timestamp,
    /// The text without its line end.
    pub text: String,
}

/// Claims, heartbeats and logs.
#[async_trait]
pub trait WorkStore: Send + Sync {
    /// Claims attempts for a worker; answers in order whether each is its own. An attempt is claimed
    /// once for ever. Its holder is answered yes again as long as it is not settled, since the reply
    /// to the first claim may have been lost: a worker has to know what it has begun. Asked twice in
    /// one call, an attempt is given once.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was claimed.
    async fn claim(
        &self,
        worker: WorkerId,
        requests: &[ClaimRequest],
    ) -> Result<Vec<bool>, StoreError>;

    /// Tells that the worker lives and what it holds (running, or finished and not yet confirmed).
    /// Answers which of these are settled: their result is recorded or nobody wants it any more.
    ///
    /// # Errors
    /// [`StoreError`] if it was not noted.
    async fn heartbeat(
        &self,
        worker: &WorkerInfo,
        holding: &[AttemptId],
    ) -> Result<Vec<AttemptId>, StoreError>;

    /// The worker stops; its open claims become lost at once.
    ///
    /// # Errors
    /// [`StoreError`] if it was not noted; they lapse by themselves.
    async fn goodbye(&self, worker: WorkerId) -> Result<(), StoreError>;

    /// Open claims that no heartbeat listed for `silence`, of any shard.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn lost(&self, silence: Duration, limit: u32) -> Result<Vec<LostClaim>, StoreError>;

    /// Which of these attempts have been claimed (and so need not be dispatched again).
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn claimed(&self, attempts: &[AttemptId]) -> Result<Vec<AttemptId>, StoreError>;

    /// Makes queues known to workers. Forgets those that were not offered for `kept`.
    ///
    /// # Errors
    /// [`StoreError`] if not all are known.
    async fn offer(&self, queues: &[WorkQueue], kept: Duration) -> Result<(), StoreError>;

    /// The queues of these pools that were offered within `kept`, in order of name.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn queues(&self, pools: &[String], kept: Duration) -> Result<Vec<WorkQueue>, StoreError>;

    /// Keeps log lines.
    ///
    /// # Errors
    /// [`StoreError`] if none was kept.
    async fn log(&self, lines: Vec<NewLogLine>) -> Result<(), StoreError>;

    /// The workers heard of within `within`.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn workers(&self, within: Duration) -> Result<Vec<WorkerRow>, StoreError>;
}
