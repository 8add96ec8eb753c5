//! What the engine counts: runs, commits, messages, actors.
//!
//! Owns names, labels and buckets. Called by the executor, the store and the bus.

use std::time::Duration;

use attune_types::ExecutionStatus;

use super::handle::{Counter, Counters, Gauge, Histogram, Histograms, Registrar};

/// From one millisecond to a day: runs and tasks may be either.
const LONG: &[f64] = &[
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0,
    3600.0, 14400.0, 86400.0,
];
/// From a tenth of a millisecond to ten seconds: work between two parts of the system.
const SHORT: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
const SIZES: &[f64] = &[
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0,
];

/// Runs and tasks. The kind is the action's: `workflow`, `native`, `shell`, `python`.
#[derive(Debug)]
pub struct RunMetrics {
    started: Counters<1>,
    finished: Counters<2>,
    duration: Histograms<1>,
    task_duration: Histograms<2>,
    /// From acceptance to the start.
    pub queued: Histogram,
}

impl RunMetrics {
    pub(super) fn new(add: &Registrar<'_>) -> Self {
        Self {
            started: add.counters("attune_runs_started_total", "Runs started.", ["kind"]),
            finished: add.counters(
                "attune_runs_finished_total",
                "Runs that reached their end.",
                ["kind", "status"],
            ),
            duration: add.histograms(
                "attune_run_duration_seconds",
                "From the start of a run to its end.",
                ["kind"],
                LONG,
            ),
            task_duration: add.histograms(
                "attune_task_duration_seconds",
                "From the start of a task's attempt to its end.",
                ["kind", "status"],
                LONG,
            ),
            queued: add.histogram(
                "attune_run_queued_seconds",
                "From the acceptance of a run to its start.",
                LONG,
            ),
        }
    }

    /// A run has started, so long after it was accepted.
    pub fn started(&self, kind: &str, queued: Duration) {
        self.started.with([kind]).inc();
        self.queued.took(queued);
    }

    /// A run has ended.
    pub fn finished(&self, kind: &str, status: ExecutionStatus, took: Duration) {
        self.finished.with([kind, &status.to_string()]).inc();
        self.duration.with([kind]).took(took);
    }

    /// An attempt of a task has ended.
    pub fn task_finished(&self, kind: &str, status: ExecutionStatus, took: Duration) {
        self.task_duration
            .with([kind, &status.to_string()])
            .took(took);
    }
}

/// The committer.
#[derive(Debug)]
pub struct CommitMetrics {
    /// Appends in one transaction.
    pub batch: Histogram,
    /// How long one transaction took.
    pub duration: Histogram,
    /// Appends refused because the run had moved on or the shard had another owner.
    pub conflicts: Counter,
}

impl CommitMetrics {
    pub(super) fn new(add: &Registrar<'_>) -> Self {
        Self {
            batch: add.histogram(
                "attune_commit_batch_appends",
                "Appends in one transaction.",
                SIZES,
            ),
            duration: add.histogram(
                "attune_commit_duration_seconds",
                "How long one transaction of appends took.",
                SHORT,
            ),
            conflicts: add.counter(
                "attune_append_conflicts_total",
                "Appends refused: the run had moved on, or the shard had another owner.",
            ),
        }
    }

    /// A transaction has been committed.
    pub fn committed(&self, appends: usize, took: Duration) {
        self.batch.size(appends);
        self.duration.took(took);
    }
}

/// Messages, by queue.
#[derive(Debug)]
pub struct BusMetrics {
    published: Counters<1>,
    consumed: Counters<1>,
    redelivered: Counters<1>,
    reconnects: Counter,
}

impl BusMetrics {
    pub(super) fn new(add: &Registrar<'_>) -> Self {
        Self {
            published: add.counters(
                "attune_hints_published_total",
                "Messages confirmed by the broker.",
                ["queue"],
            ),
            consumed: add.counters(
                "attune_hints_consumed_total",
                "Messages taken from a queue.",
                ["queue"],
            ),
            redelivered: add.counters(
                "attune_hints_redelivered_total",
                "Messages that came again.",
                ["queue"],
            ),
            reconnects: add.counter(
                "attune_bus_reconnects_total",
                "Times a lost connection to the broker was made anew.",
            ),
        }
    }

    /// Messages confirmed. Keep the handle where it is used often.
    pub fn published(&self, queue: &str) -> Counter {
        self.published.with([queue])
    }

    /// Messages taken. Keep the handle where it is used often.
    pub fn consumed(&self, queue: &str) -> Counter {
        self.consumed.with([queue])
    }

    /// Messages that came again. Keep the handle where it is used often.
    pub fn redelivered(&self, queue: &str) -> Counter {
        self.redelivered.with([queue])
    }

    /// Lost connections made anew.
    pub fn reconnects(&self) -> &Counter {
        &self.reconnects
    }
}

/// Actors, shards, wake-ups.
#[derive(Debug)]
pub struct ExecutorMetrics {
    /// Actors in memory; [`Gauge::hold`] one in each.
    pub actors_live: Gauge,
    /// Shards this process owns.
    pub shards_owned: Gauge,
    /// From the moment a timer was due to its firing.
    pub wake_lag: Histogram,
    sweep_repairs: Counters<1>,
    notifications: Counters<1>,
}

impl ExecutorMetrics {
    pub(super) fn new(add: &Registrar<'_>) -> Self {
        Self {
            actors_live: add.gauge("attune_actors_live", "Run actors in memory."),
            shards_owned: add.gauge("attune_shards_owned", "Shards this process owns."),
            wake_lag: add.histogram(
                "attune_wake_lag_seconds",
                "From the moment a timer was due to its firing.",
                SHORT,
            ),
            sweep_repairs: add.counters(
                "attune_sweep_repairs_total",
                "Things that only the sweep got going again; each is a bug to look at.",
                ["kind"],
            ),
            notifications: add.counters(
                "attune_notifications_total",
                "Messages of core.notify for webhooks, by what became of them.",
                ["outcome"],
            ),
        }
    }

    /// A notification was taken by its receiver.
    pub fn notification_sent(&self) {
        self.notifications.with(["sent"]).inc();
    }

    /// A notification was given up.
    pub fn notification_lost(&self) {
        self.notifications.with(["lost"]).inc();
    }

    /// The sweep found something of this kind that should have gone on by itself.
    pub fn sweep_repaired(&self, kind: &str, count: u64) {
        self.sweep_repairs.with([kind]).add(count);
    }
}
