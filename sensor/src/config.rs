//! What the sensor service is given: its ports and its settings.

use attune_catalogue::Directory;
use attune_port::{Bus, Clock, Stores};
use attune_telemetry::Metrics;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Its ports and shared parts.
#[derive(Clone)]
pub struct SensorDeps {
    /// The database.
    pub stores: Stores,
    /// The broker.
    pub bus: Arc<dyn Bus>,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
    /// Counters of this process.
    pub metrics: Arc<Metrics>,
    /// The catalogue in memory.
    pub directory: Arc<Directory>,
}

/// Its settings.
#[derive(Clone, Debug)]
pub struct SensorConfig {
    /// This process, new at each start.
    pub id: Uuid,
    /// Its name, for people.
    pub name: String,
    /// How long an unrenewed lease holds: what a crashed replica ran stands still for that long.
    pub lease_ttl: Duration,
    /// Where pack files are unpacked.
    pub work_dir: PathBuf,
    /// How long a process may take to end after it was asked to.
    pub stop_grace: Duration,
    /// Delay before the first restart of a process that ended; doubled each time.
    pub restart_delay: Duration,
    /// Longest delay before a restart.
    pub restart_delay_max: Duration,
    /// A process that ran for so long is taken to be well, and its delay starts over.
    pub healthy_after: Duration,
}

impl Default for SensorConfig {
    fn default() -> Self {
        Self {
            id: Uuid::now_v7(),
            name: "sensor".to_owned(),
            lease_ttl: Duration::from_secs(6),
            work_dir: PathBuf::from(".attune/sensor"),
            stop_grace: Duration::from_secs(5),
            restart_delay: Duration::from_secs(1),
            restart_delay_max: Duration::from_secs(300),
            healthy_after: Duration::from_secs(60),
        }
    }
}
