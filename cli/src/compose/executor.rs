//! The executor service: the part that owns runs, and the worker beside it.
//!
//! Owns the order of their end: the worker first, so that there is still somebody who records what it
//! reports. When one of the two ends by itself, the other is stopped too.

use super::ports::Ports;
use super::usual_name;
use crate::error::{CliError, Result};
use crate::settings::Settings;
use attune_catalogue::Programs;
use attune_executor::worker::{Worker, WorkerConfig, WorkerDeps};
use attune_executor::{Deps, Executor, ExecutorConfig};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Runs until `stop`.
///
/// # Errors
/// If one of the two parts cannot start.
pub(super) async fn run(
    ports: Ports,
    settings: Settings,
    api_url: String,
    stop: CancellationToken,
) -> Result<()> {
    let stop = stop.child_token();
    let engine_stop = CancellationToken::new();
    let name = settings
        .executor
        .name
        .clone()
        .unwrap_or_else(|| usual_name("executor"));
    let engine = {
        let (deps, config) = engine(&ports, &settings, &name, api_url);
        let (engine_stop, stop) = (engine_stop.clone(), stop.clone());
        tokio::spawn(async move {
            let ended = Executor::run(deps, config, engine_stop).await;
            stop.cancel();
            ended.map_err(|error| CliError::Service(format!("the executor: {error}")))
        })
    };
    let worker = {
        let shards = ports.stores.runs.shards().await?;
        let (deps, config) = worker(&ports, &settings, &name, shards);
        let stop = stop.clone();
        let enabled = settings.executor.worker.enabled;
        tokio::spawn(async move {
            if !enabled {
                stop.cancelled().await;
                return Ok(());
            }
            let ended = Worker::run(deps, config, stop.clone()).await;
            stop.cancel();
            ended.map_err(|error| CliError::Service(format!("the worker: {error}")))
        })
    };
    let worked = worker
        .await
        .unwrap_or_else(|error| Err(broke("worker", &error)));
    engine_stop.cancel();
    let owned = engine
        .await
        .unwrap_or_else(|error| Err(broke("executor", &error)));
    worked.and(owned)
}

fn broke(part: &str, error: &tokio::task::JoinError) -> CliError {
    CliError::Service(format!("the {part} broke: {error}"))
}

fn engine(
    ports: &Ports,
    settings: &Settings,
    name: &str,
    api_url: String,
) -> (Deps, ExecutorConfig) {
    let deps = Deps {
        stores: ports.stores.clone(),
        bus: Arc::clone(&ports.bus),
        clock: Arc::clone(&ports.clock),
        metrics: Arc::clone(&ports.metrics),
        directory: Arc::clone(&ports.directory),
        programs: Programs::new(Arc::clone(&ports.stores.catalogue)),
    };
    let config = ExecutorConfig {
        name: name.to_owned(),
        lease_ttl: settings.executor.lease_ttl,
        api_url,
        channels: settings.notify.channels.clone(),
        ..ExecutorConfig::default()
    };
    (deps, config)
}

fn worker(
    ports: &Ports,
    settings: &Settings,
    name: &str,
    shards: u16,
) -> (WorkerDeps, WorkerConfig) {
    let deps = WorkerDeps {
        bus: Arc::clone(&ports.bus),
        work: Arc::clone(&ports.stores.work),
        catalogue: Arc::clone(&ports.stores.catalogue),
        keys: Arc::clone(&ports.stores.keys),
        clock: Arc::clone(&ports.clock),
        metrics: Arc::clone(&ports.metrics),
        shards,
    };
    let worker = &settings.executor.worker;
    let config = WorkerConfig {
        name: name.to_owned(),
        pools: worker.pools.clone(),
        labels: worker.labels.clone(),
        slots: worker.slots,
        work_dir: work_dir(settings.executor.work_dir.as_ref(), "worker"),
        shutdown_grace: worker.shutdown_grace,
        output_bytes: usize::try_from(settings.limits.payload).unwrap_or(usize::MAX),
        ..WorkerConfig::default()
    };
    (deps, config)
}

/// The folder for files of a service: as set, or one below the system's temporary folder that only
/// this user has.
pub(super) fn work_dir(set: Option<&PathBuf>, service: &str) -> PathBuf {
    set.cloned().unwrap_or_else(|| {
        let user = nix::unistd::geteuid();
        std::env::temp_dir()
            .join(format!("attune-{user}"))
            .join(service)
    })
}
