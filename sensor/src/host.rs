//! Which timers and sensors run in this replica, and what follows when that changes.
//!
//! The catalogue says what is to run; leases say what of it runs here. Looks again at every change of
//! the catalogue and at every heartbeat. When the store does not answer for as long as a lease holds,
//! everything stops: another replica may have it by then.

use crate::config::{SensorConfig, SensorDeps};
use crate::process::ProcessSensor;
use crate::timer::{self, Spec, Timer, Timers};
use attune_catalogue::{PackFiles, Snapshot};
use attune_port::RegisteredSensor;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Name of the lease group.
const GROUP: &str = "sensor";

/// The sensor service.
pub struct Sensor;

/// What the catalogue asks for.
#[derive(Default)]
struct Wanted {
    timers: Timers,
    sensors: BTreeMap<String, RegisteredSensor>,
}

/// A running process sensor.
struct Running {
    pack_hash: String,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Sensor {
    /// Runs until `stop`, then ends every process and hands its leases back.
    pub async fn run(deps: SensorDeps, config: SensorConfig, stop: CancellationToken) {
        let files = Arc::new(PackFiles::new(
            Arc::clone(&deps.stores.catalogue),
            config.work_dir.join("packs"),
        ));
        let (owned_timers, timers) = watch::channel(Timers::new());
        let timer_stop = stop.child_token();
        let timer_task = tokio::spawn(timer::run(deps.clone(), timers, timer_stop));
        let mut changes = deps.directory.changes();
        let mut running: HashMap<String, Running> = HashMap::new();
        let mut good = Instant::now();
        loop {
            let wanted = wanted(&changes.borrow_and_update().clone());
            let resources: Vec<String> = wanted
                .timers
                .keys()
                .chain(wanted.sensors.keys())
                .cloned()
                .collect();
            let began = Instant::now();
            let leases = &deps.stores.leases;
            match leases
                .balance(GROUP, config.id, &config.name, &resources, config.lease_ttl)
                .await
            {
                Ok(leases) => {
                    good = began;
                    let owned = leases.into_iter().map(|lease| lease.resource).collect();
                    share(
                        &deps,
                        &config,
                        &files,
                        &wanted,
                        &owned,
                        &owned_timers,
                        &mut running,
                    );
                }
                Err(error) => {
                    tracing::warn!(%error, "leases could not be renewed");
                    if good.elapsed() >= config.lease_ttl {
                        let none = BTreeSet::new();
                        share(
                            &deps,
                            &config,
                            &files,
                            &wanted,
                            &none,
                            &owned_timers,
                            &mut running,
                        );
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                changed = changes.changed() => if changed.is_err() { break },
                () = tokio::time::sleep(config.lease_ttl / 3) => {}
            }
        }
        drop(timer_task.await);
        for sensor in running.values() {
            sensor.stop.cancel();
        }
        let grace = config.stop_grace + Duration::from_secs(2);
        for (name, sensor) in running {
            if tokio::time::timeout(grace, sensor.task).await.is_err() {
                tracing::warn!(
                    sensor = name,
                    "the sensor did not stop in time and is killed"
                );
            }
        }
        if let Err(error) = deps.stores.leases.leave(GROUP, config.id).await {
            tracing::warn!(%error, "leases could not be handed back; they lapse by themselves");
        }
    }
}

/// What is to run, by lease resource.
fn wanted(catalogue: &Snapshot) -> Wanted {
    let mut wanted = Wanted::default();
    for rule in catalogue
        .rules
        .iter()
        .filter(|rule| rule.present && rule.def.enabled)
    {
        let (trigger, parameters) = (&rule.def.trigger, &rule.def.trigger_parameters);
        let Some(spec) = Spec::parse(trigger.as_str(), parameters) else {
            continue;
        };
        let spec = match spec {
            Ok(spec) => spec,
            Err(reason) => {
                tracing::error!(rule = %rule.def.reference, reason, "the rule's timer cannot run");
                continue;
            }
        };
        let key = timer::key(trigger.as_str(), parameters);
        let timer = wanted.timers.entry(key).or_insert_with(|| Timer {
            trigger: trigger.clone(),
            parameters: parameters.clone(),
            spec,
            since: rule.changed_at,
        });
        timer.since = timer.since.min(rule.changed_at);
    }
    for sensor in catalogue.sensors.iter().filter(|sensor| sensor.enabled) {
        let key = format!("sensor:{}", sensor.def.reference);
        wanted.sensors.insert(key, sensor.clone());
    }
    wanted
}

/// Starts what is owned and does not run, stops what runs and is not owned or has changed.
fn share(
    deps: &SensorDeps,
    config: &SensorConfig,
    files: &Arc<PackFiles>,
    wanted: &Wanted,
    owned: &BTreeSet<String>,
    timers: &watch::Sender<Timers>,
    running: &mut HashMap<String, Running>,
) {
    let mine: Timers = wanted
        .timers
        .iter()
        .filter(|(key, _)| owned.contains(*key))
        .map(|(key, timer)| (key.clone(), timer.clone()))
        .collect();
    timers.send_if_modified(|current| {
        let same = current.len() == mine.len()
            && current
                .iter()
                .zip(&mine)
                .all(|((a, x), (b, y))| a == b && x.since == y.since);
        if !same {
            *current = mine;
        }
        !same
    });
    running.retain(|key, sensor| {
        let keep = owned.contains(key)
            && wanted
                .sensors
                .get(key)
                .is_some_and(|now| now.pack_hash == sensor.pack_hash)
            && !sensor.task.is_finished();
        if !keep {
            sensor.stop.cancel();
        }
        keep
    });
    for (key, sensor) in &wanted.sensors {
        if !owned.contains(key) || running.contains_key(key) {
            continue;
        }
        let stop = CancellationToken::new();
        let process = ProcessSensor {
            deps: deps.clone(),
            config: config.clone(),
            files: Arc::clone(files),
            sensor: sensor.clone(),
        };
        let started = Running {
            pack_hash: sensor.pack_hash.clone(),
            task: tokio::spawn(process.run(stop.clone())),
            stop,
        };
        running.insert(key.clone(), started);
    }
}
