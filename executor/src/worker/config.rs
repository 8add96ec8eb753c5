//! What a worker is given: its ports and its settings.
//!
//! Owns the defaults and the check that they can work. Filled by the composition root.

use super::WorkerError;
use attune_port::{Bus, CatalogueStore, Clock, KeyStore, WorkStore};
use attune_telemetry::Metrics;
use attune_types::{Labels, is_label};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The ports that a worker works with.
#[derive(Clone)]
pub struct WorkerDeps {
    /// The broker.
    pub bus: Arc<dyn Bus>,
    /// Claims, heartbeats, logs.
    pub work: Arc<dyn WorkStore>,
    /// The files of packs.
    pub catalogue: Arc<dyn CatalogueStore>,
    /// The values of secrets, for the processes that are given them.
    pub keys: Arc<dyn KeyStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Counters of this process.
    pub metrics: Arc<Metrics>,
    /// Number of shards of the installation (`RunStore::shards`).
    pub shards: u16,
}

/// Settings of a worker.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Its name, for people.
    pub name: String,
    /// The pools that it serves.
    pub pools: Vec<String>,
    /// What it has, for tasks that ask for it by `worker_selector`.
    pub labels: Labels,
    /// How many attempts it runs at once, over all pools.
    pub slots: u32,
    /// Its folder: unpacked packs, Python environments, files of running attempts.
    pub work_dir: PathBuf,
    /// How often it tells that it lives. Well below the time after which silence means lost.
    pub heartbeat: Duration,
    /// Between SIGTERM and SIGKILL when an attempt is stopped.
    pub kill_grace: Duration,
    /// How long running attempts may go on at shutdown.
    pub shutdown_grace: Duration,
    /// Before an outcome that nobody has settled is reported again; doubles each time.
    pub report_again_after: Duration,
    /// Bytes of output that are kept as a result.
    pub output_bytes: usize,
    /// Log lines that are kept of one attempt.
    pub log_lines: u64,
    /// Bytes of log that are kept of one attempt.
    pub log_bytes: u64,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            name: "worker".to_owned(),
            pools: vec!["default".to_owned()],
            labels: Labels::new(),
            slots: 8,
            work_dir: PathBuf::from(".attune/worker"),
            heartbeat: Duration::from_secs(2),
            kill_grace: Duration::from_secs(5),
            shutdown_grace: Duration::from_secs(20),
            report_again_after: Duration::from_secs(5),
            output_bytes: 4 << 20,
            log_lines: 20_000,
            log_bytes: 8 << 20,
        }
    }
}

impl WorkerConfig {
    pub(super) fn check(&self) -> Result<(), WorkerError> {
        let wrong = |setting, reason: &str| {
            Err(WorkerError::Setting {
                setting,
                reason: reason.to_owned(),
            })
        };
        if self.slots == 0 {
            return wrong("slots", "must be at least 1");
        }
        if self.pools.is_empty() {
            return wrong("pools", "must name at least one pool");
        }
        if !self.labels.iter().all(|(k, v)| is_label(k) && is_label(v)) {
            return wrong(
                "labels",
                "names and values have up to 63 letters, digits, `.`, `_`, `-` or `/`",
            );
        }
        if self.heartbeat.is_zero() {
            return wrong("heartbeat", "must be more than 0");
        }
        Ok(())
    }
}
