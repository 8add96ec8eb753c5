//! What the executor is given: its ports and its settings.

use attune_catalogue::{Directory, Programs};
use attune_port::{Bus, Clock, Stores};
use attune_telemetry::Metrics;
use attune_types::ExecutorId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The ports and shared parts that all of the executor works with.
#[derive(Clone)]
pub struct Deps {
    /// The database.
    pub stores: Stores,
    /// The broker.
    pub bus: Arc<dyn Bus>,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
    /// Counters and histograms of this process.
    pub metrics: Arc<Metrics>,
    /// The catalogue in memory.
    pub directory: Arc<Directory>,
    /// Compiled Programs.
    pub programs: Programs,
}

/// Settings of the run-owning part.
#[derive(Clone, Debug)]
pub struct ExecutorConfig {
    /// This process, new at each start.
    pub id: ExecutorId,
    /// Its name, for people.
    pub name: String,
    /// How long an unrenewed lease holds. A crashed executor's runs stand still for that long.
    pub lease_ttl: Duration,
    /// How often the sweep looks without being told.
    pub sweep_every: Duration,
    /// How long something may lie in the store before the sweep takes it that its hint was lost.
    pub grace: Duration,
    /// Unsettled messages per shard queue.
    pub prefetch: u16,
    /// How long an idle actor stays in memory.
    pub idle_after: Duration,
    /// How long a dispatched attempt may go without being started before it is sent again.
    pub redispatch_after: Duration,
    /// How long a worker may be silent before what it holds counts as lost.
    pub lost_after: Duration,
    /// Events between two snapshots of a run.
    pub snapshot_every: u64,
    /// Address of the API as actions see it.
    pub api_url: String,
    /// Addresses of the channels of `core.notify`, by name; a channel without one is log lines alone.
    pub channels: BTreeMap<String, String>,
}

impl Default for ExecutorConfig {
    fn default() -> Self {
        Self {
            id: ExecutorId(uuid::Uuid::now_v7()),
            name: "executor".to_owned(),
            lease_ttl: Duration::from_secs(6),
            sweep_every: Duration::from_secs(3),
            grace: Duration::from_secs(3),
            prefetch: 500,
            idle_after: Duration::from_secs(30),
            redispatch_after: Duration::from_secs(20),
            lost_after: Duration::from_secs(10),
            snapshot_every: 1_000,
            api_url: String::new(),
            channels: BTreeMap::new(),
        }
    }
}
