//! Every metric of Attune, by name and type.
//!
//! Owns the registry and one group of handles per part of the system. All exist from the start, so
//! that a dashboard shows zero and not nothing; labels are bounded and never an id. One value per
//! process, made by the composition root and shared as `Arc<Metrics>`. Counting cannot fail.

mod engine;
mod handle;
mod service;

use std::{collections::HashMap, sync::Arc};

use prometheus::{Registry, TextEncoder};

pub use engine::{BusMetrics, CommitMetrics, ExecutorMetrics, RunMetrics};
pub use handle::{Counter, Gauge, Held, Histogram};
pub use service::{HttpMetrics, PoolMetrics, RuleMetrics, SensorMetrics, WorkerMetrics};

/// All metrics of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Runs and tasks.
    pub runs: RunMetrics,
    /// The committer.
    pub commits: CommitMetrics,
    /// Messages.
    pub bus: BusMetrics,
    /// Actors, shards, wake-ups.
    pub executor: ExecutorMetrics,
    /// Worker slots and attempts.
    pub workers: WorkerMetrics,
    /// Rules and templates.
    pub rules: RuleMetrics,
    /// Sensors and schedules.
    pub sensors: SensorMetrics,
    /// HTTP requests.
    pub http: HttpMetrics,
    /// Connections of the database pool.
    pub pool: PoolMetrics,
}

impl Metrics {
    /// All metrics at zero; each carries the name of the service as a label.
    #[must_use]
    pub fn new(service: &str) -> Arc<Self> {
        let labels = HashMap::from([("service".to_owned(), service.to_owned())]);
        let registry = Registry::new_custom(None, Some(labels)).unwrap_or_default();
        let add = handle::Registrar::new(&registry);
        Arc::new(Self {
            runs: RunMetrics::new(&add),
            commits: CommitMetrics::new(&add),
            bus: BusMetrics::new(&add),
            executor: ExecutorMetrics::new(&add),
            workers: WorkerMetrics::new(&add),
            rules: RuleMetrics::new(&add),
            sensors: SensorMetrics::new(&add),
            http: HttpMetrics::new(&add),
            pool: PoolMetrics::new(&add),
            registry,
        })
    }

    /// Everything in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_else(|error| {
                // An answer that says so is better than one that looks like zeros.
                format!("# the metrics cannot be shown: {error}\n")
            })
    }
}
