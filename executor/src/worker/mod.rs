//! The worker pool: takes attempts of pack actions, runs their processes, and reports.
//!
//! ```text
//!  work.<pool> ─▶ intake ─ claim (durable) ─ ack ─▶ attempt ─▶ process
//!                    │                               │ │
//!                    ▼                               │ └▶ journal ─▶ WorkStore::log
//!                holdings ◀── outcome ───────────────┘
//!                    │  ▲
//!          reporter ─┘  └─ heartbeat: what is held; what is settled is let go
//!             │
//!             ▼  shard.<n>
//! ```
//!
//! Owns the way of one attempt from its order to its settled outcome, and every process on the way.
//! Never decides what follows from an outcome. Started by the composition root, one per process;
//! several pools share its slots. Beside the queues of its pools it takes from those of selectors that its
//! labels satisfy. Failure: with the broker or the database away it goes on running
//! what it has and reports later; killed, its processes die with it and its claims lapse.

mod attempt;
mod capture;
mod config;
mod control;
mod event_file;
mod heartbeat;
mod hidden;
mod holdings;
mod intake;
mod journal;
mod launch;
mod output;
mod process;
mod python_env;
mod reporter;
mod runner;
mod scratch;
mod selector;
mod wording;

pub use config::{WorkerConfig, WorkerDeps};
pub(crate) use journal::visible;
pub(crate) use output::without_nul;

use attune_catalogue::PackFiles;
use attune_port::{BusError, WorkerInfo};
use attune_types::WorkerId;
use holdings::Holdings;
use journal::Journal;
use python_env::PythonEnvs;
use selector::Selectors;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A setting has a value that cannot work.
    #[error("worker setting `{setting}`: {reason}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Its folder cannot be used.
    #[error("the worker's folder {} cannot be used: {reason}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The bus refused a subscription.
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// Longest time at shutdown that outcomes may take to be reported and settled.
const LAST_REPORTS: Duration = Duration::from_secs(5);
/// Between two questions whether they are, meanwhile.
const LAST_BEATS: Duration = Duration::from_millis(100);

/// What all parts of a running worker share.
struct Shared {
    deps: WorkerDeps,
    config: WorkerConfig,
    info: WorkerInfo,
    files: PackFiles,
    /// Where they are unpacked, each by its hash.
    packs: PathBuf,
    envs: PythonEnvs,
    journal: Journal,
    holdings: Holdings,
    selectors: Selectors,
    slots: Arc<Semaphore>,
}

/// A worker: one per process.
pub struct Worker;

impl Worker {
    /// Takes and runs attempts until `stop`; then lets what runs end for
    /// [`WorkerConfig::shutdown_grace`], kills the rest, reports, and says goodbye.
    ///
    /// # Errors
    /// [`WorkerError`] if it could not start.
    pub async fn run(
        deps: WorkerDeps,
        config: WorkerConfig,
        stop: CancellationToken,
    ) -> Result<(), WorkerError> {
        let shared = Self::prepare(deps, config)?;
        // The store must have heard of the worker before it has claims, or they would count as lost.
        heartbeat::beat(&shared).await;

        // The parts that must outlive the intake, so that what runs can end well.
        let background = CancellationToken::new();
        let mut parts = JoinSet::new();
        parts.spawn(heartbeat::run(Arc::clone(&shared), background.clone()));
        parts.spawn(reporter::run(Arc::clone(&shared), background.clone()));
        parts.spawn(journal::run(Arc::clone(&shared), background.clone()));
        parts.spawn(selector::run(Arc::clone(&shared), background.clone()));
        parts.spawn(control::run(Arc::clone(&shared), background.clone()));

        let taken = intake::run(&shared, stop).await;
        shared.drain().await;
        background.cancel();
        while parts.join_next().await.is_some() {}
        if let Err(error) = shared.deps.work.goodbye(shared.info.id).await {
            tracing::warn!(%error, "the worker could not say goodbye; its claims lapse");
        }
        taken
    }

    fn prepare(deps: WorkerDeps, mut config: WorkerConfig) -> Result<Arc<Shared>, WorkerError> {
        config.check()?;
        // Processes have other working folders.
        config.work_dir = match std::path::absolute(&config.work_dir) {
            Ok(folder) => folder,
            Err(reason) => {
                return Err(WorkerError::Folder {
                    folder: config.work_dir,
                    reason,
                });
            }
        };
        let usable = |folder: PathBuf| match std::fs::create_dir_all(&folder) {
            Ok(()) => Ok(folder),
            Err(reason) => Err(WorkerError::Folder { folder, reason }),
        };
        let packs = usable(config.work_dir.join("packs"))?;
        let envs = usable(config.work_dir.join("python"))?;
        usable(config.work_dir.join("attempts"))?;
        usable(config.work_dir.join("artifacts"))?;
        Ok(Arc::new(Shared {
            info: WorkerInfo {
                id: WorkerId(uuid::Uuid::now_v7()),
                name: config.name.clone(),
                pools: config.pools.clone(),
                slots: config.slots,
                labels: config.labels.clone(),
            },
            files: PackFiles::new(Arc::clone(&deps.catalogue), packs.clone()),
            packs,
            envs: PythonEnvs::new(envs),
            journal: Journal::new(Arc::clone(&deps.clock), config.log_lines, config.log_bytes),
            holdings: Holdings::default(),
            selectors: Selectors::default(),
            slots: Arc::new(Semaphore::new(config.slots as usize)),
            deps,
            config,
        }))
    }
}

impl Shared {
    /// Lets attempts end, then ends them; waits until what they came to is settled.
    async fn drain(&self) {
        let idle = self.holdings.no_running();
        if tokio::time::timeout(self.config.shutdown_grace, idle)
            .await
            .is_err()
        {
            let count = self.holdings.stop_all();
            tracing::warn!(count, "attempts are killed; they count as lost");
            // Each is killed after its own grace at the latest.
            self.holdings.no_running().await;
        }
        let settled = async {
            while !self.holdings.is_empty() {
                heartbeat::beat(self).await;
                tokio::time::sleep(LAST_BEATS).await;
            }
        };
        if tokio::time::timeout(LAST_REPORTS, settled).await.is_err() {
            tracing::warn!("some outcomes are not recorded yet; their attempts count as lost");
        }
    }
}
