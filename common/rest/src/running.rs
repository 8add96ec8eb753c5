//! What runs the platform: workers, executors, sensors, health.

use attune_types::{ExecutorId, Ref, Timestamp, WorkerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkerView {
    /// Its id, new at each start of the process.
    #[schema(value_type = String, format = "uuid")]
    pub id: WorkerId,
    /// Its name.
    pub name: String,
    /// The pools that it serves.
    pub pools: Vec<String>,
    /// What it has, for tasks that ask for it by `worker_selector`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How many attempts it runs at once.
    pub slots: u32,
    /// How many it holds now.
    pub running: u32,
    /// When it was last heard of.
    #[schema(value_type = String, format = "date-time")]
    pub seen_at: Timestamp,
}

/// An executor and the shards that it owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExecutorView {
    /// Its id, new at each start of the process.
    #[schema(value_type = String, format = "uuid")]
    pub id: ExecutorId,
    /// Its name.
    pub name: String,
    /// How long ago it was heard of, in milliseconds.
    pub seen_ago_ms: u64,
    /// The shards that it owns.
    pub shards: Vec<ShardView>,
}

/// An owned shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShardView {
    /// Its number.
    pub shard: String,
    /// Raised at each change of owner.
    pub epoch: u64,
}

/// A sensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SensorView {
    /// `pack.name`.
    #[serde(rename = "ref")]
    #[schema(value_type = String)]
    pub reference: Ref,
    /// For people.
    pub label: String,
    /// What executes it.
    pub runner: String,
    /// The triggers that it may emit.
    #[schema(value_type = Vec<String>)]
    pub triggers: Vec<Ref>,
    /// Whether it is to run.
    pub enabled: bool,
    /// `running`, `restarting`, `stopped`, or `unknown` when nobody has run it yet.
    pub state: String,
    /// Times that it was started again after it ended by itself.
    pub restarts: u64,
    /// What it last complained of.
    pub message: Option<String>,
    /// When its state was noted.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub at: Option<Timestamp>,
}

/// Whether the API can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether it can take requests. It can without the broker: the database is the truth.
    pub ready: bool,
    /// Each thing that it needs: `ok`, or what is wrong.
    pub checks: BTreeMap<String, String>,
}
