//! A worker with everything around it, and actions for it to run.

use async_trait::async_trait;
use attune_bus::InProcessBus;
use attune_executor::worker::{Worker, WorkerConfig, WorkerDeps};
use attune_flow::program::WorkerSpec;
use attune_flow::run::{Command, Outcome, ProcessInfo, Report, WorkOrder};
use attune_pack::{Delivery as ParameterDelivery, OutputFormat, PackDef, Runner, Schema};
use attune_port::{
    Address, Bus, BusError, CatalogueStore, ClaimRequest, Consumer, KeyStore, LostClaim,
    NewLogLine, PackRegistration, StoreError, SystemClock, WorkQueue, WorkStore, WorkerInfo,
    WorkerRow,
};
use attune_telemetry::Metrics;
use attune_testkit::MemoryStore;
use attune_types::{
    AttemptId, ErrorInfo, ExecutionId, JsonMap, JsonValue, RunId, Timestamp, WorkerId,
};
use attune_wire::{Envelope, ShardMessage, WorkMessage, WorkerControl, decode, encode, encode_one};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Generous: the machine may be busy.
const DEADLINE: Duration = Duration::from_secs(60);

/// Claims and logs under the tests' control.
#[derive(Default)]
pub(crate) struct FakeWork {
    state: Mutex<State>,
    pub(crate) away: AtomicBool,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) claims: BTreeSet<AttemptId>,
    pub(crate) claim_calls: usize,
    pub(crate) settled: BTreeSet<AttemptId>,
    pub(crate) held: Vec<AttemptId>,
    pub(crate) logs: Vec<NewLogLine>,
    pub(crate) goodbyes: Vec<WorkerId>,
    pub(crate) queues: Vec<WorkQueue>,
}

impl FakeWork {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn here(&self) -> Result<(), StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        Ok(())
    }

    /// The log of an attempt, as `stream: text`.
    pub(crate) fn log_of(&self, order: &WorkOrder) -> Vec<String> {
        let mut lines: Vec<(u64, String)> = self
            .state()
            .logs
            .iter()
            .filter(|line| line.execution == order.execution)
            .map(|line| (line.number, format!("{}: {}", line.stream, line.text)))
            .collect();
        lines.sort();
        lines.into_iter().map(|(_, text)| text).collect()
    }
}

#[async_trait]
impl WorkStore for FakeWork {
    async fn claim(&self, _: WorkerId, requests: &[ClaimRequest]) -> Result<Vec<bool>, StoreError> {
        self.here()?;
        let mut state = self.state();
        state.claim_calls += 1;
        Ok(requests
            .iter()
            .map(|request| state.claims.insert(request.attempt))
            .collect())
    }

    async fn heartbeat(
        &self,
        _: &WorkerInfo,
        holding: &[AttemptId],
    ) -> Result<Vec<AttemptId>, StoreError> {
        self.here()?;
        let mut state = self.state();
        state.held = holding.to_vec();
        let settled = |attempt: &&AttemptId| state.settled.contains(*attempt);
        Ok(holding.iter().filter(settled).copied().collect())
    }

    async fn goodbye(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.here()?;
        self.state().goodbyes.push(worker);
        Ok(())
    }

    async fn lost(&self, _: Duration, _: u32) -> Result<Vec<LostClaim>, StoreError> {
        Ok(Vec::new())
    }

    async fn claimed(&self, _: &[AttemptId]) -> Result<Vec<AttemptId>, StoreError> {
        Ok(Vec::new())
    }

    async fn offer(&self, queues: &[WorkQueue], _: Duration) -> Result<(), StoreError> {
        self.here()?;
        self.state().queues.extend(queues.iter().cloned());
        Ok(())
    }

    async fn queues(&self, pools: &[String], _: Duration) -> Result<Vec<WorkQueue>, StoreError> {
        self.here()?;
        let mut queues = self.state().queues.clone();
        queues.retain(|queue| pools.contains(&queue.pool));
        Ok(queues)
    }

    async fn log(&self, lines: Vec<NewLogLine>) -> Result<(), StoreError> {
        self.here()?;
        self.state().logs.extend(lines);
        Ok(())
    }

    async fn workers(&self, _: Duration) -> Result<Vec<WorkerRow>, StoreError> {
        Ok(Vec::new())
    }
}

/// A bus whose publishing can fail.
pub(crate) struct FlakyBus {
    inner: InProcessBus,
    pub(crate) away: AtomicBool,
    /// Who listens, by address.
    listeners: Arc<Mutex<Vec<Address>>>,
}

/// A subscription that is counted.
struct Counted {
    inner: Box<dyn Consumer>,
    address: Address,
    listeners: Arc<Mutex<Vec<Address>>>,
}

#[async_trait]
impl Consumer for Counted {
    async fn next(&mut self) -> Option<attune_port::Delivery> {
        self.inner.next().await
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut listeners = self.listeners.lock().unwrap();
        if let Some(place) = listeners.iter().position(|it| *it == self.address) {
            listeners.swap_remove(place);
        }
    }
}

#[async_trait]
impl Bus for FlakyBus {
    async fn publish(&self, to: Address, messages: Vec<Bytes>) -> Result<(), BusError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(BusError::Unavailable("away".to_owned()));
        }
        self.inner.publish(to, messages).await
    }

    fn send(&self, to: Address, messages: Vec<Bytes>) {
        if !self.away.load(Ordering::SeqCst) {
            self.inner.send(to, messages);
        }
    }

    async fn subscribe(&self, from: Address, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
        let inner = self.inner.subscribe(from.clone(), prefetch).await?;
        self.listeners.lock().unwrap().push(from.clone());
        Ok(Box::new(Counted {
            inner,
            address: from,
            listeners: Arc::clone(&self.listeners),
        }))
    }

    fn is_connected(&self) -> bool {
        true
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

/// What a worker said of one attempt until its outcome.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) started: bool,
    pub(crate) worker: String,
    pub(crate) reports: Vec<(u64, Report)>,
    pub(crate) outcomes: Vec<Outcome>,
}

pub(crate) struct Bench {
    pub(crate) bus: Arc<FlakyBus>,
    pub(crate) work: Arc<FakeWork>,
    pub(crate) folder: PathBuf,
    pub(crate) keys: Arc<dyn KeyStore>,
    told: HashMap<AttemptId, Told>,
    shard: Box<dyn Consumer>,
    pub(crate) stop: CancellationToken,
    pub(crate) worker: Option<JoinHandle<()>>,
    deps: WorkerDeps,
    config: WorkerConfig,
    _dir: tempfile::TempDir,
}

impl Bench {
    /// A worker, and a pack with these files; those that begin with `#!` may be executed.
    pub(crate) async fn new(files: &[(&str, &str)]) -> Self {
        Self::with(files, |_| {}).await
    }

    pub(crate) async fn with(files: &[(&str, &str)], set: impl FnOnce(&mut WorkerConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = MemoryStore::new(SystemClock);
        register(&store, files).await;
        let bus = Arc::new(FlakyBus {
            inner: InProcessBus::new(),
            away: AtomicBool::new(false),
            listeners: Arc::default(),
        });
        let work = Arc::new(FakeWork::default());
        let deps = WorkerDeps {
            bus: bus.clone(),
            work: work.clone(),
            keys: Arc::new(store.clone()),
            catalogue: Arc::new(store),
            clock: Arc::new(SystemClock),
            metrics: Metrics::new("worker"),
            shards: 1,
        };
        let mut config = WorkerConfig {
            name: "bench".to_owned(),
            slots: 4,
            work_dir: dir.path().join("work"),
            heartbeat: Duration::from_millis(50),
            kill_grace: Duration::from_millis(500),
            shutdown_grace: Duration::from_millis(100),
            report_again_after: Duration::from_millis(100),
            ..WorkerConfig::default()
        };
        set(&mut config);
        let shard = bus.subscribe(Address::Shard(0), 100).await.unwrap();
        let mut bench = Self {
            bus,
            work,
            folder: dir.path().to_owned(),
            keys: Arc::clone(&deps.keys),
            told: HashMap::new(),
            shard,
            stop: CancellationToken::new(),
            worker: None,
            deps,
            config,
            _dir: dir,
        };
        bench.start();
        bench
    }

    /// Starts a worker.
    pub(crate) fn start(&mut self) {
        self.stop = CancellationToken::new();
        let (deps, config, stop) = (self.deps.clone(), self.config.clone(), self.stop.clone());
        self.worker = Some(tokio::spawn(async move {
            Worker::run(deps, config, stop).await.unwrap();
        }));
    }

    /// Another worker beside it.
    pub(crate) fn also(&self, name: &str, labels: &[(&str, &str)]) -> CancellationToken {
        let deps = self.deps.clone();
        let config = WorkerConfig {
            name: name.to_owned(),
            labels: to_labels(labels),
            work_dir: self.folder.join(name),
            ..self.config.clone()
        };
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move { Worker::run(deps, config, stopped).await.unwrap() });
        stop
    }

    /// Tells all workers of the queue of an order.
    pub(crate) fn tell_queue(&self, order: &WorkOrder) {
        let body = WorkerControl::Queue {
            name: order.queue(),
            pool: order.pool.clone(),
            selector: order.selector.clone(),
        };
        let envelope = Envelope::new(Uuid::now_v7(), Timestamp::now(), None, body);
        let bytes = encode_one(&envelope).unwrap();
        self.bus.inner.send(Address::Workers, vec![bytes]);
    }

    /// Waits until nobody takes from a queue any more.
    pub(crate) async fn let_go(&self, queue: &str) {
        let address = Address::Work(queue.to_owned());
        let gone = async {
            while self.bus.listeners.lock().unwrap().contains(&address) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        within("the queue is let go", gone).await;
    }

    /// Stops the worker and waits for its end.
    pub(crate) async fn end(&mut self) {
        self.stop.cancel();
        let worker = self.worker.take().unwrap();
        within("the worker's end", worker).await.unwrap();
    }

    pub(crate) async fn dispatch(&self, order: &WorkOrder) {
        self.dispatch_all(std::slice::from_ref(order)).await;
    }

    /// All of them in one message.
    pub(crate) async fn dispatch_all(&self, orders: &[WorkOrder]) {
        self.send(&orders[0].queue(), orders).await;
    }

    /// To a queue of that name.
    pub(crate) async fn dispatch_to(&self, queue: &str, order: &WorkOrder) {
        self.send(queue, std::slice::from_ref(order)).await;
    }

    async fn send(&self, queue: &str, orders: &[WorkOrder]) {
        let records: Vec<Envelope<WorkMessage>> = orders
            .iter()
            .map(|order| {
                let body = WorkMessage {
                    order: order.clone(),
                };
                Envelope::new(Uuid::now_v7(), Timestamp::now(), None, body)
            })
            .collect();
        let bytes = encode(&records).unwrap();
        let queue = Address::Work(queue.to_owned());
        self.bus.inner.publish(queue, vec![bytes]).await.unwrap();
    }

    pub(crate) fn request_stop(&self, attempt: AttemptId) {
        let body = WorkerControl::Stop { attempt };
        let envelope = Envelope::new(Uuid::now_v7(), Timestamp::now(), None, body);
        let bytes = encode_one(&envelope).unwrap();
        self.bus.inner.send(Address::Workers, vec![bytes]);
    }

    /// Reads one message that the worker sent.
    async fn listen(&mut self) {
        let delivery = within("word from the worker", self.shard.next())
            .await
            .unwrap();
        for record in decode::<ShardMessage>(&delivery.body).unwrap() {
            let ShardMessage::Command { command, .. } = record.unwrap().body else {
                panic!("a worker gives no hints");
            };
            match command {
                Command::AttemptStarted { attempt, worker } => {
                    let told = self.told(attempt);
                    told.started = true;
                    told.worker = worker;
                }
                Command::Reported {
                    attempt,
                    number,
                    report,
                } => self.told(attempt).reports.push((number, report)),
                Command::AttemptFinished { attempt, outcome } => {
                    self.told(attempt).outcomes.push(outcome);
                }
                other => panic!("a worker does not say {other:?}"),
            }
        }
        delivery.ack().await.unwrap();
    }

    pub(crate) fn told(&mut self, attempt: AttemptId) -> &mut Told {
        self.told.entry(attempt).or_default()
    }

    /// Listens until the attempt's outcome has come so many times.
    pub(crate) async fn told_times(&mut self, attempt: AttemptId, times: usize) -> &Told {
        while self.told(attempt).outcomes.len() < times {
            self.listen().await;
        }
        &self.told[&attempt]
    }

    pub(crate) async fn until_started(&mut self, attempt: AttemptId) {
        while !self.told(attempt).started {
            self.listen().await;
        }
    }

    pub(crate) async fn until_told(&mut self, attempt: AttemptId) {
        while self.told(attempt).reports.is_empty() {
            self.listen().await;
        }
    }

    /// The attempt's outcome, which is recorded and so settled.
    pub(crate) async fn outcome(&mut self, order: &WorkOrder) -> Outcome {
        self.told_times(order.attempt, 1).await;
        self.work.state().settled.insert(order.attempt);
        self.told[&order.attempt].outcomes[0].clone()
    }

    /// Runs an order to its outcome.
    pub(crate) async fn run(&mut self, order: &WorkOrder) -> Outcome {
        self.dispatch(order).await;
        self.outcome(order).await
    }

    pub(crate) async fn succeeds(&mut self, order: &WorkOrder) -> (JsonValue, ProcessInfo) {
        match self.run(order).await {
            Outcome::Succeeded {
                result,
                process: Some(process),
            } => (result, process),
            other => panic!("not succeeded: {other:?}"),
        }
    }

    pub(crate) async fn fails(
        &mut self,
        order: &WorkOrder,
    ) -> (ErrorInfo, JsonValue, Option<ProcessInfo>) {
        match self.run(order).await {
            Outcome::Failed {
                error,
                result,
                process,
            } => (error, result, process),
            other => panic!("not failed: {other:?}"),
        }
    }
}

/// Waits for something that must come.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come"))
}

/// Waits for a condition that must come true.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    within(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

const HASH: &str = "0123456789abcdef";

async fn register(store: &MemoryStore, files: &[(&str, &str)]) {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(if text.starts_with("#!") { 0o755 } else { 0o644 });
        header.set_cksum();
        archive
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    let pack = PackRegistration {
        def: PackDef {
            reference: "t".to_owned(),
            label: "T".to_owned(),
            description: None,
            version: "1.0.0".to_owned(),
            author: None,
            license: None,
            keywords: Vec::new(),
            dependencies: Vec::new(),
            config: Schema::default(),
        },
        content_hash: HASH.to_owned(),
        archive: Bytes::from(archive.into_inner().unwrap()),
        path: None,
        actions: Vec::new(),
        workflows: Vec::new(),
        triggers: Vec::new(),
        sensors: Vec::new(),
        rules: Vec::new(),
        policies: Vec::new(),
        by: "test".to_owned(),
    };
    store.register(pack).await.unwrap();
}

pub(crate) fn to_labels(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// An order to run that file of the pack, with text as its output.
pub(crate) fn order(runner: Runner, entry: &str) -> WorkOrder {
    let execution = ExecutionId(Uuid::now_v7());
    WorkOrder {
        run: RunId(Uuid::now_v7()),
        execution,
        attempt: execution.attempt(1),
        number: 1,
        task: "work".to_owned(),
        action: "t.work".parse().unwrap(),
        pack_hash: HASH.to_owned(),
        spec: WorkerSpec {
            runner,
            entry_point: entry.to_owned(),
            delivery: ParameterDelivery::Stdin,
            output_format: OutputFormat::Text,
            env: std::collections::BTreeMap::new(),
        },
        pool: "default".to_owned(),
        selector: BTreeMap::new(),
        input: JsonMap::new(),
        timeout: None,
        scheduled_at: Timestamp::now(),
        trace: None,
        api_url: "http://127.0.0.1:1".to_owned(),
        secrets: None,
        hidden: Vec::new(),
    }
}

/// The same for a shell script in the pack's `actions` folder.
pub(crate) fn shell(entry: &str) -> WorkOrder {
    order(Runner::Shell, entry)
}

/// The same with JSON as its output.
pub(crate) fn json(mut order: WorkOrder) -> WorkOrder {
    order.spec.output_format = OutputFormat::Json;
    order
}

/// Whether a process is there and not only waiting to be buried.
pub(crate) fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| {
        let state = stat.rsplit(')').next().unwrap_or_default().trim_start();
        !state.starts_with('Z')
    })
}
