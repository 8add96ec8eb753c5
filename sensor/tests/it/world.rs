//! A catalogue made of a pack folder, and replicas of the service around it.

use attune_bus::InProcessBus;
use attune_catalogue::{Directory, registration};
use attune_pack::{core_pack, load_folder};
use attune_port::{EventFilter, EventRow, PageRequest, Stores, SystemClock};
use attune_sensor::{Sensor, SensorConfig, SensorDeps};
use attune_telemetry::Metrics;
use attune_testkit::MemoryStore;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Generous: the machine may be busy.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) stores: Stores,
    bus: Arc<InProcessBus>,
    pub(crate) folder: TempDir,
}

pub(crate) struct Replica {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            stores: MemoryStore::new(SystemClock).stores(),
            bus: Arc::new(InProcessBus::new()),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Registers the built-in pack and a pack of these files.
    pub(crate) async fn register(&self, files: &[(&str, &str)]) {
        let root = self.folder.path().join("pack");
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        self.register_source(core_pack().unwrap()).await;
        self.register_source(load_folder(Path::new(&root)).unwrap())
            .await;
    }

    async fn register_source(&self, source: attune_pack::PackSource) {
        let directory = Directory::open(self.stores.catalogue.clone())
            .await
            .unwrap();
        let (pack, _) = registration(source, &directory.current(), "test").unwrap();
        self.stores.catalogue.register(pack).await.unwrap();
    }

    /// Starts a replica of the service.
    pub(crate) async fn start(&self, name: &str) -> Replica {
        let directory = Directory::open(self.stores.catalogue.clone())
            .await
            .unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(directory.clone().follow(self.bus.clone(), stop.clone()));
        let deps = SensorDeps {
            stores: self.stores.clone(),
            bus: self.bus.clone(),
            clock: Arc::new(SystemClock),
            metrics: Metrics::new("sensor"),
            directory,
        };
        let config = SensorConfig {
            name: name.to_owned(),
            lease_ttl: Duration::from_millis(900),
            work_dir: self.folder.path().join(name),
            restart_delay: Duration::from_millis(50),
            ..SensorConfig::default()
        };
        let task = tokio::spawn(Sensor::run(deps, config, stop.clone()));
        Replica { stop, task }
    }

    pub(crate) async fn events(&self) -> Vec<EventRow> {
        let page = PageRequest {
            limit: 1_000,
            cursor: None,
        };
        let listed = self
            .stores
            .events
            .list(&EventFilter::default(), &page)
            .await;
        let mut events = listed.unwrap().items;
        events.reverse();
        events
    }

    /// Waits until at least so many events are stored.
    pub(crate) async fn wait_for_events(&self, many: usize) -> Vec<EventRow> {
        eventually(async || {
            let events = self.events().await;
            (events.len() >= many).then_some(events)
        })
        .await
    }
}

impl Replica {
    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Ends it without a word, as a crash would.
    pub(crate) fn crash(self) {
        self.task.abort();
        self.stop.cancel();
    }
}

/// Asks again until there is an answer.
pub(crate) async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let until = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            tokio::time::Instant::now() < until,
            "it did not happen in time"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
