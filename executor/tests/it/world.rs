//! A catalogue, a store and executors around it, as tests need them.

use attune_bus::InProcessBus;
use attune_catalogue::{Directory, Opening, Programs, StartRequest, prepare, registration};
use attune_executor::{Deps, Executor, ExecutorConfig};
use attune_flow::run::{Command, ExecutionRow, Origin};
use attune_pack::{core_pack, from_files};
use attune_port::{
    HistoryEvent, NewInboxCommand, OpenOutcome, PageRequest, RunDetail, Stores, SystemClock,
};
use attune_telemetry::Metrics;
use attune_testkit::MemoryStore;
use attune_types::{ExecutorId, JsonMap, JsonValue, Ref, RunId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Generous: the machine may be busy.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) stores: Stores,
    pub(crate) bus: Arc<InProcessBus>,
}

pub(crate) struct Replica {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl World {
    pub(crate) async fn new(files: &[(&str, &str)]) -> Self {
        let world = Self {
            stores: MemoryStore::new(SystemClock).stores(),
            bus: Arc::new(InProcessBus::new()),
        };
        world.register(core_pack().unwrap()).await;
        world.install(files).await;
        world
    }

    /// Registers the pack of the test, with these files. Executors that come then know it.
    pub(crate) async fn install(&self, files: &[(&str, &str)]) {
        let mut all = vec![("pack.yaml", "ref: t\nlabel: T\nversion: 1.0.0\n")];
        all.extend_from_slice(files);
        self.register(from_files(all).unwrap()).await;
    }

    async fn register(&self, source: attune_pack::PackSource) {
        let directory = Directory::open(self.stores.catalogue.clone())
            .await
            .unwrap();
        let (pack, _) = registration(source, &directory.current(), "test")
            .map_err(|errors| errors.to_string())
            .unwrap();
        self.stores.catalogue.register(pack).await.unwrap();
    }

    pub(crate) async fn executor(&self) -> Replica {
        self.executor_with(BTreeMap::new()).await
    }

    /// An executor that knows addresses of channels.
    pub(crate) async fn executor_with(&self, channels: BTreeMap<String, String>) -> Replica {
        let directory = Directory::open(self.stores.catalogue.clone())
            .await
            .unwrap();
        let deps = Deps {
            stores: self.stores.clone(),
            bus: self.bus.clone(),
            clock: Arc::new(SystemClock),
            metrics: Metrics::new("executor"),
            programs: Programs::new(self.stores.catalogue.clone()),
            directory,
        };
        let config = ExecutorConfig {
            id: ExecutorId(Uuid::new_v4()),
            lease_ttl: Duration::from_millis(600),
            sweep_every: Duration::from_millis(200),
            grace: Duration::from_millis(300),
            channels,
            ..ExecutorConfig::default()
        };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            Executor::run(deps, config, stopped).await.unwrap();
        });
        Replica { stop, task }
    }

    /// Opens a run and tells nobody: the sweep has to find it.
    pub(crate) async fn open(&self, action: &str, parameters: JsonValue) -> RunId {
        let directory = Directory::open(self.stores.catalogue.clone())
            .await
            .unwrap();
        let run = RunId(Uuid::now_v7());
        let JsonValue::Object(parameters) = parameters else {
            panic!("parameters are a map")
        };
        let request = request(run, action, parameters);
        let opening = Opening {
            at: attune_types::Timestamp::now(),
            entropy: *Uuid::new_v4().as_bytes(),
            keys: &*self.stores.keys,
        };
        let new = prepare(&directory.current(), request, &opening).unwrap();
        let opened = self.stores.runs.open(vec![new]).await.unwrap();
        assert_eq!(opened, [OpenOutcome::Created]);
        run
    }

    pub(crate) async fn command(&self, run: RunId, command: Command) {
        let id = Uuid::new_v4();
        let command = NewInboxCommand { id, run, command };
        self.stores.runs.send(vec![command]).await.unwrap();
    }

    pub(crate) async fn detail(&self, run: RunId) -> RunDetail {
        self.stores.reads.run(run).await.unwrap().unwrap()
    }

    /// Waits for the run's end and gives its row.
    pub(crate) async fn ended(&self, run: RunId) -> ExecutionRow {
        eventually(async || {
            let row = self.detail(run).await.row;
            row.status.is_terminal().then_some(row)
        })
        .await
    }

    pub(crate) async fn tasks(&self, run: RunId) -> Vec<ExecutionRow> {
        let page = PageRequest {
            limit: 1_000,
            cursor: None,
        };
        self.stores.reads.tasks(run, &page).await.unwrap().items
    }

    pub(crate) async fn history(&self, run: RunId) -> Vec<HistoryEvent> {
        self.stores.reads.history(run, 0, 10_000).await.unwrap()
    }
}

fn request(run: RunId, action: &str, parameters: JsonMap) -> StartRequest {
    StartRequest {
        run,
        action: Ref::parse(action).unwrap(),
        parameters,
        origin: Origin::Request,
        parent: None,
        depth: 0,
        started_by: "test".to_owned(),
        labels: BTreeMap::new(),
        trace: None,
        api_url: String::new(),
        key: None,
    }
}

impl Replica {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
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
